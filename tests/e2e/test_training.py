"""A folder dropped on the window, trained, paused, tried, gone on with, stopped; two runs compared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from tests.helpers.desktop import ROOT, Program, Screen

SIDE = 32


def shapes(root: Path, count: int) -> Path:
    """Bars across, bars down and blots, with noise: three classes that a small network can learn."""
    draw = np.random.default_rng(0)
    for name in ("across", "down", "blot"):
        (root / name).mkdir(parents=True)
        for number in range(count):
            image = draw.integers(0, 90, (SIDE, SIDE))
            at, thick = int(draw.integers(6, 22)), int(draw.integers(3, 6))
            rows = slice(at, at + thick) if name != "down" else slice(None)
            columns = slice(at, at + thick) if name != "across" else slice(None)
            image[rows, columns] += 150
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(root / name / f"{number:03}.png")
    return root


@contextmanager
def dragged_from(screen: Screen, folder: Path) -> Iterator[list[int]]:
    """A window to drag the folder from; gives the place to take it."""
    source = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "e2e" / "drag_source.py"), str(folder)],
        env={**os.environ, "DISPLAY": screen.display, "QT_QPA_PLATFORM": "xcb"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert source.stdout is not None
        assert source.stdout.readline().strip() == "shown"
        time.sleep(1)  # until the X server has it on the screen
        yield [50, 930]
    finally:
        source.kill()
        source.wait(10)
        source.stdout.close()


def set_epochs(program: Program, count: int) -> None:
    program.click(program.widget("Training", "tab"))
    program.click(program.widget("", "QLineEdit", name="Epochs"))
    program.press("ctrl+a")
    program.type(str(count))
    program.wait("the number of epochs", lambda m: m["num_epochs"] == count)


def test_drop_train_pause_try_go_on_stop_and_compare(
    program: Program, screen: Screen, tmp_path: Path
) -> None:
    folder = shapes(tmp_path / "Fotos ä", 240)
    program.start()
    with dragged_from(screen, folder) as place:
        program.drag(place, [700, 400], pause=0.5, step_seconds=0.08)
        # the program fetches what was dropped from where it was dragged
        program.wait("the classes of the folder", lambda m: "3" in m["classes"], 20)

    set_epochs(program, 500)  # long enough to be paused, whatever the machine
    program.press("ctrl+t")
    program.wait("the first epoch", lambda m: m["epochs"] >= 1, 30)
    program.press("ctrl+p")
    program.wait("the pause", lambda m: m["training"] == "paused")

    program.press("ctrl+i")
    program.click(program.widget("Open image…", "QPushButton"))
    program.widget("", "QFileDialog")
    # letters that are not on the keyboard are typed by changing its map, which programs do not always notice in time
    image = shutil.copy(folder / "down" / "003.png", tmp_path / "image.png")
    time.sleep(0.5)
    program.type(str(image))
    program.press("Return")
    program.wait("the answer", lambda m: any(w["text"].startswith("image.png: ") for w in m["widgets"]), 20)
    program.press("Escape")

    program.press("ctrl+p")
    program.wait("the run", lambda m: m["training"] == "running")
    program.wait("another epoch", lambda m: m["epochs"] >= 3, 30)
    program.press("ctrl+period")
    first = program.wait("the end", lambda m: m["outcomes"] and m["outcomes"][0], 20)
    assert first["status"] == "stopped"
    assert first["val_accuracy"] is not None
    assert program.see()["trained"]

    set_epochs(program, 20)
    program.press("ctrl+t")
    program.wait("the second run", lambda m: len(m["outcomes"]) == 2, 90)
    assert program.see()["outcomes"][1]["val_accuracy"] > 0.9
    program.click(program.widget("Runs", "tab"))
    program.wait("both runs", lambda m: m["runs"] == 2)
    program.press("ctrl+q")
    program.click(program.widget("Discard", "QPushButton"))
    assert program.wait_end() == 0
    assert program.complaints == ""
