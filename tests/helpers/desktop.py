"""A screen of our own, the real program on it, and hands: mouse and keys through the X server."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
LAUNCHER = ROOT / "tests" / "e2e" / "launcher.py"


class Screen:
    """An X server without a monitor."""

    def __init__(self, size: str = "1600x1000x24") -> None:
        self._size = size
        self.display = ""

    def __enter__(self) -> Self:
        read, write = os.pipe()
        # without -noreset the server starts anew when its last client leaves, and refuses the next one meanwhile
        options = ["-displayfd", str(write), "-screen", "0", self._size, "-nolisten", "tcp", "-noreset"]
        self._server = subprocess.Popen(
            ["Xvfb", *options],
            pass_fds=(write,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            self._server.wait(10)
            raise RuntimeError("Xvfb did not start")
        self.display = f":{number}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(10)

    def tool(self, *arguments: object) -> str:
        """Call xdotool on this screen."""
        done = subprocess.run(
            ["xdotool", *map(str, arguments)],
            env={**os.environ, "DISPLAY": self.display},
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return done.stdout.strip()

    def photograph(self, file: Path) -> None:
        """Save what the screen shows, where ImageMagick is installed."""
        if shutil.which("import") and file.parent.is_dir():
            environment = {**os.environ, "DISPLAY": self.display}
            subprocess.run(["import", "-window", "root", str(file)], env=environment, check=False)


class Program:
    """One process of the program with a home of its own, its window map, and a hand on mouse and keys."""

    def __init__(self, screen: Screen, home: Path) -> None:
        self._screen = screen
        self._home = home
        self._map = home / "map.json"
        self._touched = 0.0  # when mouse or keys were last used
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        folder = os.environ.get("CNN_STUDIO_TEST_PICTURES")
        if kind is not None and folder:
            self._screen.photograph(Path(folder) / f"{self._home.name}.png")
        self.kill()

    def start(self, *arguments: object) -> None:
        """Start the program and wait until torch is loaded."""
        self._map.unlink(missing_ok=True)
        scratch = self._home / "scratch"  # of a process that is killed at last, and cannot tidy up
        scratch.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "DISPLAY": self._screen.display,
            "QT_QPA_PLATFORM": "xcb",
            "CNN_STUDIO_HOME": str(self._home / "home"),
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(scratch),
            "PYTHONFAULTHANDLER": "1",
        }
        command = [sys.executable, str(LAUNCHER), str(self._map), *map(str, arguments)]
        with (self._home / "stderr.txt").open("a") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log, text=True)
        self.wait("the window", lambda m: m["ready"], 60)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    @property
    def complaints(self) -> str:
        """What the process wrote to its error stream."""
        return (self._home / "stderr.txt").read_text()

    def see(self) -> dict[str, Any]:
        """Return the latest map of the window."""
        record: dict[str, Any] = json.loads(self._map.read_text(encoding="utf-8"))
        return record

    def wait(self, what: str, seen: Callable[[dict[str, Any]], object], seconds: float = 30) -> Any:
        """Wait until something can be seen and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the program ended while waiting for {what}: {self.complaints}")
            if self._map.exists():
                found = seen(self.see())
                if found:
                    return found
            time.sleep(0.1)
        raise AssertionError(f"{what} did not come within {seconds} s; {self.complaints}")

    def steady(self, what: str, seen: Callable[[dict[str, Any]], Any], seconds: float = 30) -> Any:
        """Wait until two maps drawn after the last touch show the same, as an eye does before the hand moves on."""
        last: tuple[float, Any] = (self._touched, None)

        def same(record: dict[str, Any]) -> Any:
            nonlocal last
            at, found = record["at"], seen(record)
            if at <= last[0]:
                return None
            before, last = last[1], (at, found)
            return found if found == before else None

        return self.wait(what, same, seconds)

    def wait_end(self, seconds: float = 10) -> int:
        """Wait for the process to end and return its exit code."""
        if self.process is None:
            raise AssertionError("the program was not started")
        return self.process.wait(seconds)

    # ------------------------------------------------------------------------------------------ mouse and keys

    def _do(self, *arguments: object) -> None:
        self._screen.tool(*arguments)
        self._touched = time.monotonic()

    def card(self, path: str) -> list[int]:
        """Return the middle of a layer's card, once the canvas rests."""
        found: list[int] = self.steady(f"the card {path}", lambda m: m["cards"].get(path))
        return found

    def widget(self, text: str, kind: str = "", *, name: str = "") -> list[int]:
        """Wait for a widget by its text (or accessible name) and return the middle of it."""
        x, y, width, height = self.rect(text, kind, name=name)
        return [x + width // 2, y + height // 2]

    def rect(self, text: str, kind: str = "", *, name: str = "") -> list[int]:
        """Wait for a widget by its text (or accessible name) and return left, top, width and height."""

        def seen(record: dict[str, Any]) -> Any:
            for w in record["widgets"]:
                if (not text or w["text"] == text) and kind in ("", w["class"]) and name in ("", w["name"]):
                    return w["rect"]
            return None

        found: list[int] = self.steady(f"{kind or 'widget'} {text or name!r}", seen)
        return found

    def click(self, place: Sequence[int], *, times: int = 1) -> None:
        self._do("mousemove", place[0], place[1])
        time.sleep(0.05)
        self._do("click", "--repeat", times, "--delay", 60, 1)

    def drag(
        self, start: Sequence[int], end: Sequence[int], *, pause: float = 0.0, step_seconds: float = 0.03
    ) -> None:
        """Press, move in steps as a hand does, optionally wait over the target, let go.

        Between two programs the steps must be slower: each asks the other at every one.
        """
        self._do("mousemove", start[0], start[1])
        time.sleep(0.1)
        self._do("mousedown", 1)
        time.sleep(5 * step_seconds - 0.15)
        steps = 12 if step_seconds < 0.05 else 24
        for step in range(1, steps + 1):
            x = start[0] + (end[0] - start[0]) * step // steps
            y = start[1] + (end[1] - start[1]) * step // steps
            self._do("mousemove", x, y)
            time.sleep(step_seconds)
        for nudge in (1, 2):
            time.sleep(pause)
            self._do("mousemove", end[0] + nudge, end[1])
        time.sleep(0.15 + pause)
        self._do("mouseup", 1)

    def trace(self, points: Sequence[Sequence[float]], steps: int = 4) -> None:
        """Draw a line of straight parts with the button held down."""
        self._do("mousemove", *(round(at) for at in points[0]))
        time.sleep(0.1)
        self._do("mousedown", 1)
        for start, end in itertools.pairwise(points):
            for step in range(1, steps + 1):
                at = [round(a + (b - a) * step / steps) for a, b in zip(start, end, strict=True)]
                self._do("mousemove", *at)
                time.sleep(0.02)
        self._do("mouseup", 1)

    def press(self, *keys: str) -> None:
        """Press keys, such as ``ctrl+z``, in the window or dialog that is in front."""
        # there is no window manager here to give the focus back when a dialog closes
        self._do("windowfocus", self.see()["window"])
        for key in keys:
            self._do("key", key)
            time.sleep(0.08)

    def hold(self, key: str, act: Callable[[], object]) -> None:
        """Do something while a key is held down."""
        self._do("keydown", key)
        try:
            act()
        finally:
            self._do("keyup", key)

    def type(self, text: str) -> None:
        self._do("type", "--delay", 12, text)

    def photograph(self, file: Path) -> None:
        self._screen.photograph(file)
