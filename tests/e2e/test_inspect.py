"""LeNet-5 trained in a real window, digits drawn with the mouse, and a cell of a map written out and stepped on."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from tests.e2e.test_training import set_epochs
from tests.helpers.desktop import Program

Line = Sequence[tuple[float, float]]

TWO: Line = ((0.28, 0.25), (0.5, 0.12), (0.7, 0.28), (0.3, 0.85), (0.75, 0.85))
ZERO: Line = tuple(
    (0.5 + 0.22 * math.sin(at * math.pi / 6), 0.5 - 0.36 * math.cos(at * math.pi / 6)) for at in range(13)
)


def draw(program: Program, line: Line) -> None:
    """Draw a line on the pad; its points are parts of the pad's sides."""
    left, top, width, height = program.rect("", "DrawPad")
    program.trace([(left + x * width, top + y * height) for x, y in line])


def answer(record: dict[str, Any]) -> str:
    """Return the likeliest class of the page."""
    bars = [w for w in record["widgets"] if w["class"] == "GuessBars"]
    return str(bars[0]["description"]).partition(" ")[0] if bars else ""


def strongest_map(record: dict[str, Any]) -> Any:
    """Return the number of the first map of the page, and where it lies."""
    for item in record["widgets"]:
        found = re.match(r"Map (\d+): from", item["text"])
        if item["class"] == "item" and found:
            return int(found[1]), item["rect"]
    return None


def chosen(record: dict[str, Any], number: int) -> tuple[int, int, int] | None:
    """Return the cell of a map of C3 that is written out, if one is."""
    for widget in record["widgets"]:
        found = re.match(rf"C3, map {number}, row (\d+), column (\d+)$", widget["text"])
        if found:
            return number, int(found[1]), int(found[2])
    return None


def written(program: Program, cell: tuple[int, int, int]) -> None:
    """Wait until a cell of C3 is written out."""
    program.wait(f"the cell {cell}", lambda m: chosen(m, cell[0]) == cell)


def test_a_drawn_digit_is_read_and_a_cell_of_a_map_is_written_out(program: Program) -> None:
    program.start()
    set_epochs(program, 4)  # enough for a 2 and a 0, also where other work takes the cores
    program.press("ctrl+t")
    end = program.wait("the end of the run", lambda m: m["outcomes"] and m["outcomes"][0], 60)
    assert end["status"] == "done"

    program.press("ctrl+4")
    program.wait("what it says of the first image", answer, 20)
    program.click(program.widget("Draw", "QPushButton"))
    draw(program, TWO)
    program.wait("a 2 that is read", lambda m: answer(m) == "2")
    program.click(program.widget("Wipe", "QPushButton"))
    draw(program, ZERO)
    program.wait("a 0 that is read", lambda m: answer(m) == "0")

    program.click(program.widget("C3", "item"))
    program.widget("C3", "QLabel")
    number, (left, top, width, _) = program.steady("the maps", strongest_map)
    # two clicks into the same cell: the map stands at the top of its item, 10 cells in each direction
    program.click([left + width // 2 + 6, top + width // 2 + 6], times=2)
    cell = program.wait("a cell", lambda m: chosen(m, number))
    written(program, cell)
    program.click(program.widget("Next", "QPushButton"))
    written(program, (number, cell[1], cell[2] + 1))
    program.click(program.widget("Back", "QPushButton"))
    written(program, cell)
    program.press("Down", "Right")
    written(program, (number, cell[1] + 1, cell[2] + 1))

    program.press("ctrl+q")
    program.click(program.widget("Discard", "QPushButton"))
    assert program.wait_end() == 0
    assert program.complaints == ""
