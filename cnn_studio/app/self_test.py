"""Checks an installation by doing what people do with it, in processes of its own and in a folder of its own.

The window is another process too: Qt ends a process in which something essential is missing, and that must become a
sentence. What happens inside it is in `cnn_studio.ui.self_test`.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cnn_studio.app.system import display_problem
from cnn_studio.core.errors import StudioError
from cnn_studio.core.frozen import own_command
from cnn_studio.resources import resource_path

WINDOW_COMMAND = "self-test-window"
"""The hidden command with which the window is opened for the test."""

WINDOW_SECONDS = 900.0
"""After this long the window's process ends itself, whatever hangs."""

LEAST_ACCURACY = 0.97
"""What LeNet-5 must reach on the digits; it reaches 98 to 99 %."""

_COMMAND_SECONDS = 600.0
_DIGITS = 50
_LEAST_DIGITS = 45
_WINDOW_STEPS = ("window", "PyTorch", "training", "saving and opening", "code", "closing")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried.

    Attributes:
        name: what it was.
        passed: whether it went as it should.
        seconds: how long it took.
        text: what came out, or what went wrong.
    """

    name: str
    passed: bool
    seconds: float
    text: str


Show = Callable[[Check], object]


class _Failed(Exception):  # noqa: N818 - becomes a check that did not pass
    """Something came out otherwise than it should."""


def run_self_test(folder: Path, show: Show, *, window: bool = True) -> bool:
    """Try everything and return whether all of it works.

    Args:
        folder: an empty folder for whatever is written, the program's own settings and runs included.
        show: called with each check when it is done.
        window: whether to open the window too.
    """
    test = _SelfTest(folder, show)
    with test.step("program files") as done:
        done(_look_at_files())
    if window:
        test.window()
    test.command_line()
    return test.passed


class WindowReport:
    """The file in which the window's process leaves what it found, a line for each check."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "window.jsonl"

    def add(self, check: Check) -> None:
        """Write one more line."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(check), ensure_ascii=False) + "\n")

    def checks(self) -> list[Check]:
        """Return what was written."""
        if not self.file.exists():
            return []
        return [Check(**json.loads(line)) for line in self.file.read_text(encoding="utf-8").splitlines()]


class _SelfTest:
    def __init__(self, folder: Path, show: Show) -> None:
        self._folder = folder
        self._show = show
        self._environment = {**os.environ, "CNN_STUDIO_HOME": str(folder / "home")}
        self.passed = True

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time what happens inside; an error there is a check that did not pass."""
        begun, text = time.perf_counter(), ""

        def done(words: str) -> None:
            nonlocal text
            text = words

        try:
            yield done
        except (_Failed, StudioError, OSError, ValueError, LookupError) as error:
            self._add(Check(name, False, time.perf_counter() - begun, str(error)))
        else:
            self._add(Check(name, True, time.perf_counter() - begun, text))

    def _add(self, check: Check) -> None:
        self.passed &= check.passed
        self._show(check)

    # -------------------------------------------------------------------------------------------------- the window

    def window(self) -> None:
        """Let a process of its own open the window and work in it."""
        problem = display_problem()
        if problem:
            self._add(Check("window", False, 0.0, problem))
            return
        report = WindowReport(self._folder)
        error = ""
        begun = time.perf_counter()
        try:
            self._run(WINDOW_COMMAND, str(self._folder), repr(time.time()), seconds=WINDOW_SECONDS + 30)
        except _Failed as failure:
            error = str(failure)
        found = report.checks()
        for check in found:
            self._add(check)
        if error or [check.name for check in found] != list(_WINDOW_STEPS):
            last = found[-1].name if found else "its start"
            text = f"The window's process ended too early, after {last}. {error}".strip()
            self._add(Check("end of the window", False, time.perf_counter() - begun, text))

    # -------------------------------------------------------------------------------------------- the command line

    def command_line(self) -> None:
        """Take a network from a new project to predictions, on the command line alone."""
        new, trained = self._folder / "new.cnnstudio", self._folder / "trained.cnnstudio"
        digits, labels = _draw_digits(self._folder / "digits")
        comb = _draw_honeycomb(self._folder / "honeycomb.png")
        with self.step("command line: new") as done:
            self._run("new", "lenet5", "-o", str(new))
            done("LeNet-5 as a project")
        with self.step("command line: train") as done:
            out = self._run(
                "train", str(new), "--data", "digits", "--seed", "1", "-o", str(trained), "--json"
            )
            end = json.loads(out.splitlines()[-1])
            done(trained_words(end["val_accuracy"], end["images_per_second"]))
        with self.step("command line: predict") as done:
            answers = json.loads(self._run("predict", str(trained), str(digits), "--json"))
            right = sum(
                answer["top"][0]["label"] == label for answer, label in zip(answers, labels, strict=True)
            )
            if right < _LEAST_DIGITS:
                raise _Failed(
                    f"{right} of {_DIGITS} digits were read rightly, {_LEAST_DIGITS} or more should"
                )
            done(f"{right} of {_DIGITS} digits read rightly")
        with self.step("command line: pre-trained network") as done:
            out = self._run("predict", "source:efficientnet_lite0", str(comb), "--json")
            best = json.loads(out)[0]["top"][0]
            if best["label"] != "honeycomb":
                raise _Failed(f"a drawn honeycomb was taken for {best['label']} ({best['p']:.1%})")
            done(f"efficientnet_lite0 takes a drawn honeycomb for a {best['label']} ({best['p']:.1%})")
        with self.step("command line: export") as done:
            code, weights = self._folder / "net.py", self._folder / "net.safetensors"
            self._run("export", str(trained), "-o", str(code))
            self._run("export", str(trained), "-o", str(weights), "--format", "weights")
            compile(code.read_text(encoding="utf-8"), str(code), "exec")
            done(f"{code.stat().st_size:,} bytes of code, {weights.stat().st_size:,} of weights")
        with self.step("command line: inspect") as done:
            inside = self._folder / "inside"
            self._run("inspect", str(trained), str(digits / "00.png"), "-o", str(inside))
            pictures = sum(1 for file in inside.rglob("*.png") if file.stat().st_size)
            if not pictures:
                raise _Failed("no pictures of the layers were written")
            done(f"{pictures} pictures of what the layers see")

    def _run(self, *arguments: str, seconds: float = _COMMAND_SECONDS) -> str:
        """Run this program and return what it printed.

        Raises:
            _Failed: it did not end well, or not in time.
        """
        try:
            done = subprocess.run(
                own_command(*arguments),
                env=self._environment,
                cwd=self._folder,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _Failed(f"`{arguments[0]}` did not end within {seconds:.0f} s") from None
        complaint = done.stderr.decode("utf-8", "replace").strip()
        if done.returncode:
            last = "\n".join(complaint.splitlines()[-6:])
            raise _Failed(f"`{arguments[0]}` ended with code {done.returncode}. {last}".strip())
        return done.stdout.decode("utf-8", "replace")


def trained_words(val_accuracy: float | None, images_per_second: float) -> str:
    """Return what is said of a run.

    Raises:
        ValueError: it learned less than it should.
    """
    if val_accuracy is None or val_accuracy < LEAST_ACCURACY:
        reached = "nothing" if val_accuracy is None else f"{val_accuracy:.2%}"
        raise ValueError(f"LeNet-5 reached {reached} on the digits instead of {LEAST_ACCURACY:.0%} or more")
    return f"LeNet-5 on the digits: {val_accuracy:.2%}, {images_per_second:,.0f} images/s"


def _look_at_files() -> str:
    files = [resource_path(name) for name in ("digits.npz", "timm_counts.json", "icons/cnn-studio.svg")]
    return ", ".join(f"{file.name} ({file.stat().st_size:,} bytes)" for file in files)


def _draw_digits(folder: Path) -> tuple[Path, list[str]]:
    """Write the first digits as pictures and return their folder and their labels."""
    from PIL import Image

    from cnn_studio.datasets.digits import read_digits

    raw = read_digits().train
    folder.mkdir()
    for number in range(_DIGITS):
        Image.fromarray(raw.images[number]).save(folder / f"{number:02}.png")
    return folder, [str(label) for label in raw.labels[:_DIGITS]]


def _draw_honeycomb(file: Path) -> Path:
    """Write a picture that a network trained on ImageNet knows, without having to bring a photograph."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (224, 224), (200, 160, 40))
    pen = ImageDraw.Draw(picture)
    for row in range(12):
        for column in range(12):
            x, y = column * 22 + (row % 2) * 11, row * 19
            corners = [
                (x + 10 * math.sin(k * math.pi / 3), y + 10 * math.cos(k * math.pi / 3)) for k in range(6)
            ]
            pen.polygon(corners, fill=(110, 70, 10))
    picture.save(file)
    return file
