"""The package for Debian and Ubuntu, made of a small program by the real tools."""

import os
import shutil
import subprocess
from pathlib import Path

import debian
import icon
import pytest

from cnn_studio.app.system import _XCB_LIBRARIES
from tests.packaging.conftest import PACKAGING

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")


def fields(control: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in control.splitlines() if not line.startswith(" "))


def test_control_file() -> None:
    text = debian.control("0.1.0", "x86_64", 4_000_000_001, "2.36")
    found = fields(text)
    assert found["Package"] == "cnn-studio" and found["Version"] == "0.1.0"
    assert found["Architecture"] == "amd64"
    assert found["Installed-Size"] == "3906251"  # KiB, rounded up
    assert found["Depends"].startswith("libc6 (>= 2.36), ")
    assert text.endswith("\n") and "\n\n" not in text


def test_what_the_window_looks_for_is_depended_on() -> None:
    depends = fields(debian.control("1", "x86_64", 1, "2.36"))["Depends"].split(", ")
    assert set(_XCB_LIBRARIES.values()) <= set(depends)


def test_other_machines() -> None:
    assert debian.architecture("aarch64") == "arm64"
    with pytest.raises(ValueError, match="riscv64"):
        debian.architecture("riscv64")


@needs_dpkg
@pytest.mark.parametrize(("earlier", "later"), [("1.0rc1", "1.0"), ("1.0a2", "1.0b1"), ("1.0.dev3", "1.0a1")])
def test_versions_sort_as_pythons_do(earlier: str, later: str) -> None:
    command = [
        "dpkg",
        "--compare-versions",
        debian.debian_version(earlier),
        "lt",
        debian.debian_version(later),
    ]
    assert subprocess.run(command, check=False).returncode == 0


@needs_dpkg
def test_package(tmp_path: Path) -> None:
    folder = tmp_path / "cnn-studio"
    (folder / "_internal").mkdir(parents=True)
    program = folder / "cnn-studio"
    program.write_text("#!/bin/sh\necho hello from $0\n")
    program.chmod(0o755)
    (folder / "_internal" / "lib ä.so").write_bytes(b"x" * 5000)
    (folder / "_internal" / "link.so").symlink_to("lib ä.so")
    icons = tmp_path / "icons"
    icon.draw(icons)
    shutil.copy(icon.DRAWING, icons)
    root, file = tmp_path / "root", tmp_path / "a.deb"
    debian.stage(folder, root, icons, "0.1.0", PACKAGING / "linux")
    debian.pack(root, file)

    listing = subprocess.run(
        ["dpkg-deb", "--contents", str(file)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ).stdout
    lines = [line.split(maxsplit=5) for line in listing.splitlines()]
    assert {line[1] for line in lines} == {"root/root"}
    paths = {line[5]: line[0] for line in lines}
    assert paths["./usr/bin/cnn-studio -> /opt/cnn-studio/cnn-studio"].startswith("l")
    assert paths["./opt/cnn-studio/cnn-studio"] == "-rwxr-xr-x"
    for path in (
        "usr/share/applications/cnn-studio.desktop",
        "usr/share/mime/packages/cnn-studio.xml",
        "usr/share/icons/hicolor/scalable/apps/cnn-studio.svg",
        "usr/share/icons/hicolor/48x48/apps/cnn-studio.png",
        "usr/share/icons/hicolor/48x48/mimetypes/application-x-cnn-studio.png",
        "usr/share/doc/cnn-studio/copyright",
    ):
        assert paths[f"./{path}"] == "-rw-r--r--"

    unpacked = tmp_path / "unpacked"
    subprocess.run(["dpkg-deb", "--raw-extract", str(file), str(unpacked)], check=True)
    sums = unpacked / "DEBIAN" / "md5sums"
    done = subprocess.run(["md5sum", "--quiet", "-c", str(sums)], cwd=unpacked, check=False)
    assert done.returncode == 0
    counted = len(sums.read_text().splitlines())
    assert counted == sum(1 for line in lines if line[0].startswith("-"))


def test_desktop_entry_and_type_of_files_agree() -> None:
    entry = (PACKAGING / "linux" / "cnn-studio.desktop").read_text()
    types = (PACKAGING / "linux" / "cnn-studio.xml").read_text()
    assert "MimeType=application/x-cnn-studio;" in entry and 'type="application/x-cnn-studio"' in types
    assert 'pattern="*.cnnstudio"' in types
    assert f'icon name="{debian.MIME}"' in types
    if shutil.which("desktop-file-validate"):
        file = PACKAGING / "linux" / "cnn-studio.desktop"
        subprocess.run(["desktop-file-validate", str(file)], check=True)
