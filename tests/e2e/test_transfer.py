"""A folder of photographs dropped on the wizard, layers frozen with the mouse, the result tried, saved and asked again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.e2e.test_training import dragged_from
from tests.helpers.desktop import ROOT, Program, Screen
from tests.helpers.images import real_data

HEAD = 320 * 1280 + 1280 * 2 + 2
"""Weights of ``conv_head`` and of a classifier of two classes behind it."""


def shown_answer(program: Program) -> str:
    """What the bars of the first visible try-out say, such as ``bees 98.7 %, ants 1.3 %``."""

    def seen(record: dict[str, object]) -> object:
        widgets = record["widgets"]
        assert isinstance(widgets, list)
        return next((w["description"] for w in widgets if w["class"] == "GuessBars" and w["description"]), "")

    return str(program.wait("the answer", seen, 30))


def name_a_file(program: Program, button: str, file: Path) -> None:
    program.click(program.widget(button, "QPushButton"))
    program.widget("", "QFileDialog")
    time.sleep(0.5)
    program.type(str(file))
    program.press("Return")


def asked_on_the_command_line(project: Path, image: Path, home: Path) -> str:
    """What ``predict`` says, in the words of the window."""
    done = subprocess.run(
        [sys.executable, "-m", "cnn_studio", "predict", str(project), str(image), "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CNN_STUDIO_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    top = json.loads(done.stdout)[0]["top"]
    return ", ".join(f"{guess['label']} {100 * guess['p']:.1f} %" for guess in top)


def test_from_a_dropped_folder_to_a_classifier_that_is_asked_again(
    program: Program, screen: Screen, tmp_path: Path
) -> None:
    data = real_data("hymenoptera")
    image = next((data / "val" / "bees").glob("*.jpg"))
    saved = tmp_path / "insects.cnnstudio"
    program.start()
    program.press("ctrl+shift+w")
    program.widget("Next", "QPushButton")
    time.sleep(1)
    with dragged_from(screen, data) as place:
        program.drag(place, [700, 400], pause=0.5, step_seconds=0.08)
        program.wait("the images", lambda m: any("398 images" in w["text"] for w in m["widgets"]), 60)

    program.click(program.widget("Source", "item"))
    program.wait("the source", lambda m: any(w["text"].startswith("Open.") for w in m["widgets"]), 60)
    program.click(program.widget("Freeze", "item"))
    program.click(program.widget("All but the head", "QPushButton"))
    program.click(program.widget("", name="Find layers"))
    program.type("conv_head")
    x, y, _, height = program.rect("conv_head", "item")
    program.click([x + 11, y + height // 2])  # the tick
    program.wait("the tick", lambda m: any(f"Trains {HEAD:,} of" in w["text"] for w in m["widgets"]))

    program.click(program.widget("How", "item"))
    program.click(program.widget("Fine-tuning", "QRadioButton"))
    program.click(program.widget("Review and run", "item"))
    program.click(program.widget("Run", "QPushButton"))
    program.wait("the proof", lambda m: any("bit for bit as before" in w["text"] for w in m["widgets"]), 180)

    name_a_file(program, "Open image…", image)
    answer = shown_answer(program)
    assert answer.startswith("bees ")
    name_a_file(program, "Save project…", saved)
    program.wait(
        "the project", lambda m: saved.exists() and any("Saved to" in w["text"] for w in m["widgets"])
    )
    program.press("ctrl+q")
    assert program.wait_end() == 0

    assert asked_on_the_command_line(saved, image, tmp_path / "other home") == answer
    program.start(saved)
    program.press("ctrl+i")
    name_a_file(program, "Open image…", image)
    assert shown_answer(program) == answer
    program.press("Escape")
    program.press("ctrl+q")
    assert program.wait_end() == 0
    assert program.complaints == ""
