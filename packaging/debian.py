"""A package for Debian and Ubuntu: the program under /opt, a command, an entry in the menu, a type of files."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

PACKAGE = "cnn-studio"
TARGET = Path("opt/cnn-studio")
MIME = "application-x-cnn-studio"
MAINTAINER = "CNN Studio maintainers <maintainers@cnn-studio.invalid>"  # Debian wants an address

# Libraries that are not brought along because they belong to the system's graphics and sound, and those that Qt's
# xcb platform opens; the alternatives are the names since Ubuntu 24.04 and Debian 13.
DEPENDS = (
    "libstdc++6",
    "libgcc-s1",
    "libgl1",
    "libegl1",
    "libxcb1",
    "libx11-6",
    "libx11-xcb1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-image0",
    "libxcb-render-util0",
    "libxkbcommon-x11-0",
    "libdbus-1-3",
    "libfontconfig1",
    "zlib1g",
)
RECOMMENDS = (
    "libwayland-client0",
    "libwayland-cursor0",
    "libwayland-egl1",
    "xdg-desktop-portal",
    "fonts-dejavu-core | fonts-noto-core",
    "shared-mime-info",
)

_DESCRIPTION = """build, train and understand convolutional networks
 Networks are built by drag and drop with live shape checking, trained on this
 machine while you watch, and pre-trained ones are transferred to your own images.
 .
 PyTorch and all other libraries come with the package; nothing is downloaded."""


def architecture(machine: str) -> str:
    """Return Debian's name of a machine such as ``x86_64``.

    Raises:
        ValueError: there is none known here.
    """
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    if machine not in names:
        raise ValueError(f"Packages for {machine} are not known here; use --no-deb.")
    return names[machine]


def control(version: str, machine: str, installed_bytes: int, libc: str) -> str:
    """Return the control file.

    Args:
        version: of the program; a pre-release such as 1.0rc1 sorts before 1.0.
        machine: such as ``x86_64``.
        installed_bytes: what the files take.
        libc: the version of glibc that it was built with, such as ``2.36``: an older one lacks what it calls.
    """
    depends = ", ".join([f"libc6 (>= {libc})", *DEPENDS])
    return (
        f"Package: {PACKAGE}\n"
        f"Version: {debian_version(version)}\n"
        f"Architecture: {architecture(machine)}\n"
        f"Maintainer: {MAINTAINER}\n"
        f"Installed-Size: {-(-installed_bytes // 1024)}\n"
        f"Depends: {depends}\n"
        f"Recommends: {', '.join(RECOMMENDS)}\n"
        "Section: education\n"
        "Priority: optional\n"
        f"Description: {_DESCRIPTION}\n"
    )


def debian_version(version: str) -> str:
    """Return a version of Python's form in Debian's."""
    for mark, sorted_before in (("a", "~a"), ("b", "~b"), ("rc", "~rc"), (".dev", "~~dev")):
        head, found, tail = version.partition(mark)
        if found and tail.isdigit():
            return f"{head}{sorted_before}{tail}"
    return version


def md5sums(root: Path) -> str:
    """Return the checksums of all files to be installed, as `dpkg --verify` reads them."""
    lines = []
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root)
        if file.is_file() and not file.is_symlink() and path.parts[0] != "DEBIAN":
            with file.open("rb") as stream:
                lines.append(f"{hashlib.file_digest(stream, 'md5').hexdigest()}  {path.as_posix()}\n")
    return "".join(lines)


def stage(folder: Path, root: Path, icons: Path, version: str, texts: Path) -> None:
    """Lay out the package's files as they will be installed.

    Args:
        folder: the packaged program.
        root: an empty folder.
        icons: what `icon.draw` wrote.
        version: of the program.
        texts: the folder with the desktop entry and the type of files.
    """
    # links to the same files: another 4 GB would be copied for nothing
    shutil.copytree(folder, root / TARGET, symlinks=True, copy_function=_link)
    _put(root / "usr/share/applications/cnn-studio.desktop", (texts / "cnn-studio.desktop").read_text())
    _put(root / "usr/share/mime/packages/cnn-studio.xml", (texts / "cnn-studio.xml").read_text())
    _put(root / f"usr/share/doc/{PACKAGE}/copyright", _copyright())
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/cnn-studio").symlink_to(Path("/") / TARGET / "cnn-studio")
    drawing = icons / "cnn-studio.svg"
    pictures = [(f"{png.stem}x{png.stem}", png) for png in sorted(icons.glob("*.png"))]
    for size, picture in (*pictures, ("scalable", drawing)):
        for kind, name in (("apps", "cnn-studio"), ("mimetypes", MIME)):
            target = root / f"usr/share/icons/hicolor/{size}/{kind}/{name}{picture.suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, target)
    for entry in (root, *root.rglob("*")):
        if not entry.is_symlink() and entry.is_dir():
            entry.chmod(0o755)
        elif entry.suffix in {".desktop", ".xml", ".png", ".svg"} and not entry.is_symlink():
            entry.chmod(0o644)
    installed = _bytes_of(root.rglob("*"))
    libc = platform.libc_ver()[1] or "2.28"
    _put(root / "DEBIAN/control", control(version, platform.machine(), installed, libc))
    _put(root / "DEBIAN/md5sums", md5sums(root))
    (root / "DEBIAN").chmod(0o755)


def pack(root: Path, file: Path) -> None:
    """Make the package of what was laid out.

    Raises:
        OSError: dpkg-deb complained.
    """
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z10", "--build", str(root), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"dpkg-deb ended with code {done.returncode}: {done.stderr.strip()}")


def _copyright() -> str:
    licence = (Path(__file__).parents[1] / "LICENSE").read_text(encoding="utf-8")
    others = (
        f"The licences of the libraries that come with it lie in /{TARGET}/_internal/*.dist-info and are shown under\n"
        f"Help > About; that of Python is /{TARGET}/LICENSE-Python.\n"
    )
    return f"CNN Studio\n\n{licence}\n{others}"


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o644)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _bytes_of(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())
