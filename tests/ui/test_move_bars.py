"""How far layers moved: those that could move are in view at once, the frozen ones are one line."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from cnn_studio.app.transfer_proof import Moved
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.wizard.move_bars import MoveBars, move_rows
from tests.helpers.plots import has_color
from tests.helpers.ui import as_array, events, grab

FROZEN = [f"blocks.{at}.conv" for at in range(48)]
MOVED = [Moved(f"blocks.{48 + at}.0.conv_pwl", 0.002 * (at + 1)) for at in range(12)]
MOVES = [*(Moved(path, 0.0) for path in FROZEN), *MOVED]


def test_frozen_layers_are_one_line_and_the_others_keep_their_order() -> None:
    rows = move_rows(MOVES, FROZEN)
    assert (rows[0].text, rows[0].value) == ("▸ 48 frozen layers", "0")
    assert [row.text for row in rows[1:]] == [move.path for move in MOVED]
    assert rows[1].value == "0.2 %"
    assert len(move_rows(MOVES, FROZEN, unfolded=True)) == 1 + len(MOVES)


def test_a_frozen_layer_that_moved_is_not_hidden() -> None:
    moves = [*MOVES[:-1], Moved("blocks.0.bn", 0.1)]
    rows = move_rows(moves, [*FROZEN, "blocks.0.bn"])
    assert rows[0].text == "▸ 48 frozen layers"
    assert rows[-1].text == "blocks.0.bn"
    assert rows[-1].value == "10.0 %"


def test_small_moves_are_plain_numbers() -> None:
    moves = [Moved("a", 4.2e-4), Moved("b", 1e-7), Moved("c", 0.0), Moved("d", 0.25)]
    assert [row.value for row in move_rows(moves, ())] == ["0.042 %", "< 0.001 %", "0.0 %", "25.0 %"]


def test_where_nothing_is_frozen_nothing_is_folded() -> None:
    assert [row.text for row in move_rows(MOVED, ())] == [move.path for move in MOVED]
    single = [Moved("conv1", 0.0), *MOVED]
    assert [row.value for row in move_rows(single, ("conv1",))][:2] == ["frozen", "0.2 %"]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_what_moved_is_in_view_at_once_and_the_fold_opens(qtbot: QtBot, mode: theme.Mode) -> None:
    theme.manager().set_mode(mode)
    bars = MoveBars()
    area = scrolled(bars)
    assert isinstance(area, QScrollArea)
    qtbot.addWidget(area)
    area.resize(460, 300)
    bars.show_moves(MOVES, FROZEN)
    area.show()
    events()
    seen = as_array(area.viewport().grab())
    assert has_color(seen[: theme.px(20) * 13], "accent")
    grab(area, f"move-bars-{mode}")
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(20, 30))
    assert len(bars.rows) == 13  # only the fold's own line opens it
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(20, 8))
    assert len(bars.rows) == 61
    events()
    grab(area, f"move-bars-unfolded-{mode}")
    qtbot.keyClick(bars, Qt.Key.Key_Space)
    assert len(bars.rows) == 13


def test_the_longest_value_has_room(qtbot: QtBot) -> None:
    bars = MoveBars()
    qtbot.addWidget(bars)
    bars.show_moves([Moved("a", 1e-7), Moved("b", 0.5)], ())
    assert bars.value_width() > QFontMetrics(theme.ui_font()).horizontalAdvance("< 0.001 %") + theme.px(4)
