"""A residual network built from nothing in a real window, with mouse and keys alone, then grouped, repeated and trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.helpers.desktop import Program

STEP = 78  # from one card to the next down a chain, at 100 %


def add(program: Program, search: str, path: str) -> None:
    """Add a layer behind the selected one by the quick search."""
    program.press("ctrl+k")
    program.type(search)
    program.press("Return")
    program.wait(path, lambda m: path in m["layers"])


def fill(program: Program, field: str, text: str) -> None:
    """Type into a field of the inspector."""
    program.click(program.widget("", "QLineEdit", name=field))
    program.press("ctrl+a")
    program.type(text)
    program.press("Return")


def choose(program: Program, path: str) -> None:
    program.click(program.card(path))
    program.wait(f"{path} selected", lambda m: path in m["selected"])


def zoom(record: dict[str, Any]) -> float:
    return float(record["cards"]["conv2"][1] - record["cards"]["conv1"][1]) / STEP


def test_a_residual_block_from_nothing(program: Program, tmp_path: Path) -> None:
    program.start()
    program.press("ctrl+alt+n")
    program.wait("the empty network", lambda m: m["layers"] == {})
    program.click(program.widget("", "CanvasView"))
    add(program, "input", "input")
    for search, path in (
        ("convolution", "conv1"), ("convolution", "conv2"), ("batch norm", "bn1"), ("relu", "relu1"),
        ("convolution", "conv3"), ("batch norm", "bn2"), ("add", "add1"), ("relu", "relu2"),
        ("global average", "avgpool1"), ("flatten", "flatten1"), ("fully", "fc1"),
    ):  # fmt: skip
        add(program, search, path)
    program.press("ctrl+0")
    for path in ("conv1", "conv2", "conv3"):
        choose(program, path)
        fill(program, "Filters", "12")
        fill(program, "Padding", "same")
    choose(program, "fc1")
    fill(program, "Units", "10")

    # the shortcut: from the lower edge of conv1 to the addition
    program.wait("the missing input", lambda m: "too_few_inputs" in m["problems"])
    start, end = program.card("conv1"), program.card("add1")
    program.drag([start[0], start[1] + round(25 * zoom(program.see()))], end, pause=0.2)
    program.wait("the shortcut", lambda m: ["conv1", "add1"] in m["links"])
    program.wait("a sound network", lambda m: "too_few_inputs" not in m["problems"])

    # a block of it, three times
    block = ("conv2", "bn1", "relu1", "conv3", "bn2", "add1", "relu2")
    choose(program, block[0])
    program.hold("ctrl", lambda: [choose(program, path) for path in block[1:]])
    program.press("ctrl+g")
    program.wait("the block", lambda m: "block1.add1" in m["layers"])
    window = program.see()["window"]
    program.press("ctrl+r")
    program.widget("", "QInputDialog")  # the inspector has a field of the same kind
    program.wait("the dialog in front", lambda m: m["window"] != window)
    program.press("ctrl+a")
    program.type("2")
    program.press("Return")
    program.wait("three blocks", lambda m: sum(kind == "add" for kind in m["layers"].values()) == 3)
    program.photograph(tmp_path / "three-blocks.png")
    program.press("ctrl+z")
    program.wait("one block again", lambda m: sum(kind == "add" for kind in m["layers"].values()) == 1)
    program.press("ctrl+shift+z")
    after = program.wait("three blocks", lambda m: m if len(m["layers"]) == 12 + 14 else None)
    assert after["can_train"], after["problems"]

    program.press("ctrl+t")
    outcome = program.wait("the end of the run", lambda m: m["outcomes"] and m["outcomes"][0], 240)
    print(outcome)
    assert outcome["status"] == "done", outcome
    assert outcome["val_accuracy"] >= 0.8, "it learns, with the settings of a new project"
    assert program.complaints == ""


def test_a_killed_window_loses_nothing(program: Program) -> None:
    program.start()
    program.press("ctrl+alt+n")
    program.wait("the empty network", lambda m: m["layers"] == {})
    program.click(program.widget("", "CanvasView"))
    add(program, "input", "input")
    add(program, "convolution", "conv1")
    program.kill()
    program.start()
    assert "conv1" not in program.see()["layers"]
    program.click(program.widget("Restore", "QPushButton"))
    back = program.wait("the lost layers", lambda m: m if "conv1" in m["layers"] else None)
    assert set(back["layers"]) == {"input", "conv1"} and back["modified"]
    program.press("ctrl+z")
    program.wait("the undo", lambda m: set(m["layers"]) == {"input"})
