"""The parts of a build that need no minutes."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import archive
import build
import icon
import links
import pytest
import smoke
from PIL import Image

import cnn_studio
from tests.packaging.conftest import PACKAGING


def test_the_version_stands_in_one_place() -> None:
    assert build.version() == cnn_studio.__version__
    assert "version = " not in (PACKAGING.parent / "pyproject.toml").read_text().split("[project.optional")[0]


def test_room_on_the_disk_is_asked_for_what_is_wanted() -> None:
    least = build.needed_bytes(cuda=True, with_archive=False, with_deb=False)
    archived = build.needed_bytes(cuda=True, with_archive=True, with_deb=False)
    every = build.needed_bytes(cuda=True, with_archive=True, with_deb=True)
    assert 4.6e9 < least < archived < every
    assert build.needed_bytes(cuda=False, with_archive=True, with_deb=True) < least
    assert build.space_problem(every, every, Path("/out")) == ""
    sentence = build.space_problem(2_000_000_000, every, Path("/out"))
    assert "11.1 GB in /out" in sentence and "2.0 GB are free" in sentence and "--output" in sentence


def test_a_disk_that_is_too_full_ends_the_build_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "needed_bytes", lambda **_: 10**18)
    assert build.main(["--output", str(tmp_path), "--no-deb"]) == 1
    assert "1000000000.0 GB" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_archives_say_what_they_are_for() -> None:
    assert build.archive_stem("0.1.0", "linux", "x86_64", cuda=True) == "cnn-studio-0.1.0-linux-x86_64-cuda"
    assert build.archive_stem("0.1.0", "windows", "AMD64", cuda=False) == "cnn-studio-0.1.0-windows-amd64-cpu"


def test_an_archive_holds_the_folder_with_its_links(tmp_path: Path) -> None:
    folder = tmp_path / "cnn-studio"
    (folder / "_internal").mkdir(parents=True)
    program = folder / "cnn-studio"
    program.write_bytes(b"program" * 1000)
    program.chmod(0o755)
    (folder / "_internal" / "libä.so").symlink_to("../cnn-studio")
    file = archive.pack(folder, "cnn-studio-1")
    way, reason = archive.way_to_pack()
    assert file.name == ("cnn-studio-1.tar.xz" if way == "xz" else "cnn-studio-1.tar.zst")
    assert bool(reason) is (way == "xz")
    if file.suffix == ".zst":
        if shutil.which("zstd") is None:
            pytest.skip("the zstd program, which unpacks it here, is not installed")
        subprocess.run(["zstd", "-q", "-d", str(file), "-o", str(tmp_path / "a.tar")], check=True)
        file = tmp_path / "a.tar"
    with tarfile.open(file) as found:
        entries = {entry.name: entry for entry in found}
        assert {entry.uname for entry in entries.values()} == {"root"}
        assert entries["cnn-studio/cnn-studio"].mode & 0o777 == 0o755
        assert entries["cnn-studio/_internal/libä.so"].linkname == "../cnn-studio"
    assert not list(tmp_path.glob("*.part"))


def test_the_icon_is_drawn_in_all_sizes(tmp_path: Path) -> None:
    files = icon.draw(tmp_path)
    for size in icon.SIZES:
        with Image.open(tmp_path / f"{size}.png") as picture:
            assert picture.size == (size, size)
            assert picture.getpixel((0, 0))[3] == 0  # a corner is clear
            assert len(picture.convert("RGB").getcolors(size * size)) > 8
    with Image.open(tmp_path / "cnn-studio.ico") as ico:
        assert {(16, 16), (32, 32), (256, 256)} <= ico.info["sizes"]
    with Image.open(tmp_path / "cnn-studio.icns") as icns:
        assert icns.size[0] >= 512
    assert files[-1].name == "cnn-studio.icns"


def test_a_library_that_was_left_out_is_missed(tmp_path: Path) -> None:
    import _ctypes

    if shutil.which("readelf") is None or not getattr(_ctypes, "__file__", ""):
        pytest.skip("readelf (binutils) or a Python with extensions of its own is missing")
    extension = Path(_ctypes.__file__)  # linked with libffi, which no system must have
    shutil.copy(extension, tmp_path)
    (tmp_path / "notes.txt").write_text("no library")
    needs, names = links.needs_of(tmp_path)
    assert list(needs) == [extension.name] and names == {extension.name, "notes.txt"}
    (library,) = links.missing(needs, names)
    assert library.startswith("libffi") and links.missing(needs, names)[library] == [extension.name]
    assert links.missing(needs, names | {library}) == {}


def test_the_environment_of_the_smoke_test_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    environment = smoke.empty_environment(tmp_path, ":7")
    assert not {"PYTHONPATH", "VIRTUAL_ENV", "CNN_STUDIO_HOME"} & set(environment)
    assert shutil.which("python3", path=environment["PATH"]) is None
    assert environment["DISPLAY"] == ":7" and Path(environment["HOME"]).is_dir()


def test_a_program_that_fails_fails_the_smoke_test(tmp_path: Path) -> None:
    program = tmp_path / "cnn-studio"
    program.write_text("#!/bin/sh\necho CNN Studio 0\nexit 3\n")
    program.chmod(0o755)
    tried = smoke.Smoke(program, tmp_path / "scratch", "")
    with pytest.raises(smoke.SmokeError, match="ended with code 3"):
        tried.version()
    program.write_text("#!/bin/sh\necho CNN Studio 0\necho oh >&2\n")
    with pytest.raises(smoke.SmokeError, match="complained: oh"):
        tried.version()
