"""Tries a built or installed program the way a stranger's machine would: no Python, no settings, an empty home.

The same for the built folder, for what the .deb installs and for a wheel in an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SECONDS = 1800
_KEPT_VARIABLES = ("SYSTEMROOT", "WINDIR", "COMSPEC") if sys.platform == "win32" else ()
_TOOLS = ("Xvfb", "xdotool")


class SmokeError(Exception):
    """Something does not work."""


@contextmanager
def screen() -> Iterator[str]:
    """Give a display with nothing on it, or that of the desktop where no virtual one can be had."""
    if not sys.platform.startswith("linux"):
        yield ""
        return
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise SmokeError(f"{' and '.join(missing)} must be installed: apt-get install xvfb xdotool")
    read, write = os.pipe()
    options = ["-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(["Xvfb", *options], pass_fds=(write,), stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        try:
            if not number:
                raise SmokeError("Xvfb did not start")
            yield f":{number}"
        finally:
            server.terminate()


def empty_environment(scratch: Path, display: str) -> dict[str, str]:
    """Return the variables of a machine on which nothing was ever set up; its PATH names one empty folder."""
    folders = {name: scratch / name for name in ("home", "empty", "tmp")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    home, temporary = str(folders["home"]), str(folders["tmp"])
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment |= {"PATH": str(folders["empty"]), "HOME": home, "TMPDIR": temporary, "TEMP": temporary}
    environment |= {"USERPROFILE": home, "LOCALAPPDATA": home, "APPDATA": home, "LANG": "C.UTF-8"}
    return environment | ({"DISPLAY": display} if display else {})


class Smoke:
    """Tries one program."""

    def __init__(self, program: Path, scratch: Path, display: str) -> None:
        self._program = program
        self._scratch = scratch
        self._environment = empty_environment(scratch, display)
        for name in ("python", "python3"):
            if shutil.which(name, path=self._environment["PATH"]):
                raise SmokeError(f"{name} can be found")

    def call(self, *arguments: str) -> tuple[str, float]:
        """Run the program and return what it printed and the seconds it took."""
        begun = time.perf_counter()
        done = subprocess.run(
            [str(self._program), *arguments],
            env=self._environment,
            cwd=self._scratch,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        out, err = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        if done.returncode:
            raise SmokeError(f"{' '.join(arguments)} ended with code {done.returncode}\n{out}\n{err}")
        if err.strip():
            raise SmokeError(f"{' '.join(arguments)} complained: {err}")
        return out, time.perf_counter() - begun

    def version(self) -> str:
        """The program says which version it is."""
        out, seconds = self.call("--version")
        if not out.startswith("CNN Studio "):
            raise SmokeError(f"--version printed {out!r}")
        return f"{out.strip()} after {seconds:.1f} s"

    def doctor(self) -> str:
        """The versions of the libraries are known and nothing is missing."""
        out, seconds = self.call("doctor")
        if "is not installed" in out:
            raise SmokeError(f"doctor misses something:\n{out}")
        return f"all versions known, nothing missing, {seconds:.1f} s"

    def self_test(self) -> list[str]:
        """Everything that the program tries itself: window, training, predictions, files, the command line."""
        out, seconds = self.call("self-test", "--json")
        record: dict[str, Any] = json.loads(out)
        lines = [f"{check['name']}: {check['text']} ({check['seconds']:.1f} s)" for check in record["checks"]]
        if not record["passed"]:
            raise SmokeError("\n".join(lines))
        return [*lines, f"together {seconds:.0f} s"]

    def tables(self) -> str:
        """The lists that are put together from the libraries' own files."""
        layers, _ = self.call("layers")
        labs, _ = self.call("lab", "list")
        sources, _ = self.call("import", "--list", "timm")
        return f"{len(layers.splitlines())} lines of layers, {len(labs.splitlines())} of laboratories, {len(sources.splitlines())} of timm"

    def svm(self) -> str:
        """scikit-learn works: a linear classifier on the codes of a pre-trained network."""
        folder = self._scratch / "pictures"
        for name, colour in (("light", 210), ("dark", 40)):
            (folder / name).mkdir(parents=True)
            for number in range(12):
                shade = (colour + number).to_bytes(1, "big")
                # a picture without a library to write it: PPM
                header = b"P6 48 48 255\n"
                (folder / name / f"{number:02}.ppm").write_bytes(header + shade * (48 * 48 * 3))
        out, seconds = self.call("transfer", "--data", f"folder:{folder}", "--strategy", "svm", "--json")
        end = json.loads(out.splitlines()[-1])
        return f"validation accuracy {end['val_accuracy']:.0%} on light and dark squares, {seconds:.1f} s"

    def window(self) -> str:
        """The program without arguments shows its window, closes on Ctrl+Q and leaves nothing behind."""
        display = self._environment.get("DISPLAY")
        if not display:
            return "not tried: there is no virtual screen on this system"
        begun = time.perf_counter()
        with subprocess.Popen(
            [str(self._program)], env=self._environment, cwd=self._scratch, stderr=subprocess.PIPE
        ) as process:
            try:
                window = _xdotool(
                    display, "search", "--sync", "--onlyvisible", "--name", "CNN Studio"
                ).split()[0]
                shown = time.perf_counter() - begun
                name = _xdotool(display, "getwindowname", window).strip()
                if not name.startswith("LeNet-5"):
                    raise SmokeError(f"the window is called {name!r}")
                time.sleep(1)
                _xdotool(display, "windowfocus", "--sync", window)
                _xdotool(display, "key", "ctrl+q")
                code = process.wait(30)
            finally:
                if process.poll() is None:
                    process.kill()
            complaint = b"" if process.stderr is None else process.stderr.read()
        if code or complaint.strip():
            raise SmokeError(f"the window ended with code {code}: {complaint.decode('utf-8', 'replace')}")
        return f"{name!r} on the screen after {shown:.2f} s, closed by Ctrl+Q"

    def nothing_left(self) -> str:
        """No temporary files stay behind."""
        every = [path.name for path in (self._scratch / "tmp").iterdir()]
        left = [
            name for name in every if not name.startswith("torchinductor_")
        ]  # torch keeps that for the next time
        if left:
            raise SmokeError(f"left in the temporary folder: {', '.join(left)}")
        return "no temporary files"


def run(program: Path) -> list[str]:
    """Try everything and return what was seen.

    Raises:
        SmokeError: something does not work.
    """
    lines: list[str] = []

    def say(words: str | Sequence[str]) -> None:
        for line in [words] if isinstance(words, str) else words:
            lines.append(line)
            print(f"  {line}", flush=True)

    with tempfile.TemporaryDirectory(prefix="smoke-") as name, screen() as display:
        smoke = Smoke(program.absolute(), Path(name), display)
        for step in (
            smoke.version,
            smoke.doctor,
            smoke.window,
            smoke.window,
            smoke.self_test,
            smoke.tables,
            smoke.svm,
        ):
            say(step())
        say(smoke.nothing_left())
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the program named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("program", type=Path, metavar="PROGRAM", help="the built or installed cnn-studio")
    chosen = parser.parse_args(arguments)
    try:
        run(chosen.program)
    except SmokeError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    except subprocess.TimeoutExpired as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print("The program works.")
    return 0


def _xdotool(display: str, *arguments: str) -> str:
    environment = {**os.environ, "DISPLAY": display}
    try:
        done = subprocess.run(
            ["xdotool", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=True
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise SmokeError(f"xdotool {arguments[0]}: {error}") from None
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
