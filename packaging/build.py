"""Builds CNN Studio for the platform this runs on, with whichever torch is installed.

A folder with the program, a report of its size, a test of it, an archive, and on Debian a package. Windows and macOS
get an installer from the folder, see the scripts in windows/ and macos/.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import archive
import debian
import icon
import links
import rules
import sizes
import smoke

HERE = Path(__file__).parent
ROOT = HERE.parent
_GB = rules.BYTES_PER_GB


class BuildError(Exception):
    """The build cannot go on; the message says what to do."""


def needed_bytes(*, cuda: bool, with_archive: bool, with_deb: bool) -> int:
    """Return the room that a build takes on the disk at most."""
    program = rules.LIMITS_GB[cuda] * _GB
    compressed = 0.65 * program
    return int(program + 0.5 * _GB + compressed * (with_archive + with_deb))


def space_problem(free: int, needed: int, folder: Path) -> str:
    """Return the sentence that says that the disk is too full, or nothing."""
    if free >= needed:
        return ""
    return (
        f"The build needs about {needed / _GB:.1f} GB in {folder}, and {free / _GB:.1f} GB are free there. Make room, "
        "choose another disk with --output, or leave out what you do not need with --no-archive or --no-deb."
    )


def archive_stem(version: str, system: str, machine: str, *, cuda: bool) -> str:
    """Return the name of the archive without its ending."""
    kind = "cuda" if cuda else "cpu"
    return f"cnn-studio-{version}-{system}-{machine.lower()}-{kind}"


def torch_has_cuda() -> bool:
    """Return whether the torch that would be packed computes on NVIDIA cards, without importing it.

    Raises:
        BuildError: there is none.
    """
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise BuildError(
            "torch is not installed in this Python. Install the project: pip install '.[package]'"
        )
    return any(Path(spec.origin).parent.glob("lib/*torch_cuda*"))


def version() -> str:
    """Return the program's version, which stands in one place."""
    sys.path.insert(0, str(ROOT))
    import cnn_studio

    return cnn_studio.__version__


class Build:
    """One build, step by step."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._folder = output / "cnn-studio"
        self._icons = output / "icons"
        self._begun = time.perf_counter()
        self.cuda = torch_has_cuda()

    def say(self, words: str) -> None:
        """Print a line with the time since the start."""
        print(f"[{time.perf_counter() - self._begun:5.0f} s] {words}", flush=True)

    def check(self, *, with_archive: bool, with_deb: bool) -> None:
        """Find out before minutes have passed whether the build can succeed.

        Raises:
            BuildError: it cannot.
        """
        self._output.mkdir(parents=True, exist_ok=True)
        needed = needed_bytes(cuda=self.cuda, with_archive=with_archive, with_deb=with_deb)
        free = shutil.disk_usage(self._output).free
        problem = space_problem(free, needed, self._output)
        if problem:
            raise BuildError(problem)
        if importlib.util.find_spec("PyInstaller") is None:
            raise BuildError("PyInstaller is not installed in this Python: pip install '.[package]'")
        if with_deb and shutil.which("dpkg-deb") is None:
            raise BuildError("dpkg-deb is not here, so no Debian package can be made. Use --no-deb.")
        kind = "with CUDA" if self.cuda else "without CUDA"
        self.say(f"CNN Studio {version()} for {platform.system()} {platform.machine()}, torch {kind}")

    def freeze(self) -> None:
        """Let PyInstaller collect the program."""
        icon.draw(self._icons)
        shutil.copy(icon.DRAWING, self._icons)
        log = self._output / "pyinstaller.log"
        self.say(f"PyInstaller collects the program; this takes some minutes ({log})")
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--distpath", str(self._output)]
        command += ["--workpath", str(self._output / "work"), str(HERE / "cnn_studio.spec")]
        environment = {**os.environ, "CNN_STUDIO_ICONS": str(self._icons), "QT_QPA_PLATFORM": "offscreen"}
        with log.open("w", encoding="utf-8") as stream:
            done = subprocess.run(
                command,
                cwd=self._output,
                env=environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
            raise BuildError(f"PyInstaller ended with code {done.returncode}:\n{tail}")
        shutil.rmtree(self._output / "work", ignore_errors=True)
        shutil.copy(ROOT / "LICENSE", self._folder / "LICENSE")
        python = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
        if python.is_file():
            shutil.copy(python, self._folder / "LICENSE-Python")
        self.say("collected")

    def report_size(self) -> None:
        """Print the size by component, and stop where it is too much.

        Raises:
            BuildError: the program is larger than it may be.
        """
        files = sizes.measure(self._folder)
        text = sizes.table(sizes.by_component(files))
        (self._output / "sizes.txt").write_text(f"{text}\n", encoding="utf-8")
        print(text, flush=True)
        problem = sizes.complaint(files)
        if problem:
            raise BuildError(problem)

    def check_links(self) -> None:
        """Look for libraries that something in the program needs and that were left out.

        Raises:
            BuildError: there are some.
        """
        needs, names = links.needs_of(self._folder)
        absent = links.missing(needs, names)
        if absent:
            lines = [f"{library}, for {', '.join(files[:3])}" for library, files in absent.items()]
            raise BuildError(
                "\n".join(["Libraries are missing in the program, see rules.py and links.py:", *lines])
            )
        self.say(f"{len(needs)} libraries and programs find all that they are linked with")

    def test(self) -> None:
        """Try the built program.

        Raises:
            BuildError: it does not work.
        """
        self.say("testing the built program")
        name = "cnn-studio.exe" if sys.platform == "win32" else "cnn-studio"
        try:
            lines = smoke.run(self._folder / name)
        except (smoke.SmokeError, subprocess.TimeoutExpired) as error:
            raise BuildError(f"The built program does not work: {error}") from error
        (self._output / "smoke.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def pack(self) -> None:
        """Write the archive."""
        _, reason = archive.way_to_pack()
        if reason:
            self.say(reason)
        system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")
        stem = archive_stem(version(), system, platform.machine(), cuda=self.cuda)
        self._made(archive.pack(self._folder, stem))

    def pack_debian(self) -> None:
        """Write the package for Debian and Ubuntu."""
        root = self._output / "deb"
        shutil.rmtree(root, ignore_errors=True)
        try:
            debian.stage(self._folder, root, self._icons, version(), HERE / "linux")
            name = f"{debian.PACKAGE}_{debian.debian_version(version())}_{debian.architecture(platform.machine())}.deb"
            debian.pack(root, self._output / name)
        finally:
            shutil.rmtree(root, ignore_errors=True)
        self._made(self._output / name)

    def _made(self, file: Path) -> None:
        self.say(f"{file}: {file.stat().st_size / _GB:.2f} GB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    is_linux = sys.platform.startswith("linux")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist", metavar="DIR", help="where to write (dist)"
    )
    parser.add_argument("--no-archive", action="store_true", help="write no archive")
    parser.add_argument("--no-deb", action="store_true", help="make no package for Debian and Ubuntu")
    parser.add_argument("--no-smoke", action="store_true", help="do not try the built program")
    chosen = parser.parse_args(arguments)
    with_archive, with_deb = not chosen.no_archive, is_linux and not chosen.no_deb
    try:
        build = Build(chosen.output.absolute())
        build.check(with_archive=with_archive, with_deb=with_deb)
        steps: list[tuple[bool, Callable[[], None]]] = [
            (True, build.freeze),
            (True, build.report_size),
            (is_linux, build.check_links),
            (not chosen.no_smoke, build.test),
            (with_archive, build.pack),
            (with_deb, build.pack_debian),
        ]
        for wanted, step in steps:
            if wanted:
                step()
    except (BuildError, OSError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    build.say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
