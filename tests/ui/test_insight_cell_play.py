"""The window that plays over the map below, and what chooses the cell that is written out."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from cnn_studio.app.jobs import JobList
from cnn_studio.insight.windows import window_positions
from cnn_studio.ui.insight.cell_view import HINT, WrittenCell
from cnn_studio.ui.insight.state import InsightState
from tests.helpers.networks import chain
from tests.helpers.ui import grab
from tests.helpers.written_cell import chips, lenet, look_at_noise, settle, showing, small


@pytest.fixture
def show(qtbot):
    yield from showing(qtbot)


def test_playing_visits_all_positions_in_order_with_the_stride(show, qtbot):
    view = show(small(kernel_size=3, stride=(2, 3), padding=1), "conv")
    state, windows = view.state, []
    state.cell_changed.connect(lambda: windows.append((state.cell, view.stage.window_box)))
    view.bar.slider.setValue(30)
    view.play()
    qtbot.waitUntil(lambda: not view.player.is_playing, timeout=20_000)
    positions = window_positions(state.look.network.report, state.layer)
    assert [cell for cell, _ in windows] == [(0, row, column) for row, column, _ in positions]
    assert [window for _, window in windows] == [box for _, _, box in positions]
    lefts = [window.left for _, window in windows if window.top == -1]
    assert set(np.diff(lefts)) == {3}
    assert view.bar.play.text() == "Play"


def test_playing_again_at_the_end_begins_anew(show):
    view = show(small(kernel_size=3), "conv", (2, 6, 5))
    view.play()
    assert view.state.cell == (2, 0, 0)
    view.toggle()
    assert not view.player.is_playing


def test_playing_keeps_the_channel_and_follows_again_when_it_stops(show):
    view = show(lenet(), "C3", (15, 0, 0))
    view.play()
    before = view.channel
    for _ in range(9):
        view._play_on()
        assert view.channel == before
    view.player.stop()
    assert view.channel == view.facts.strongest


def test_the_clock_stops_when_the_view_is_hidden_or_the_layer_changes(show):
    view = show(lenet(), "C1", (0, 0, 0))
    view.play()
    view.hide()
    assert not view.player.is_playing
    view.show()
    view.play()
    view.state.choose_layer(lenet().paths["C3"])
    assert not view.player.is_playing


def test_the_clock_is_no_faster_than_30_frames_a_second(show):
    view = show(lenet(), "C1")
    view.player.set_speed(10_000)
    assert view.player.interval_ms >= 33


def test_padding_is_a_frame_around_the_map(show):
    view = show(small(kernel_size=5, padding=2), "conv", (1, 0, 0))
    below = view.stage.panes["below"]
    wide, high = below.scale
    top, *_ = below.padding
    assert len(below.padding) == 4
    assert top.height() == pytest.approx(2 * high)
    assert top.width() == pytest.approx((8 + 4) * wide)
    window = view.stage.window_rect
    assert window.topLeft() == top.topLeft(), "the first window lies on the padding"
    pixels = grab(view.stage)
    strip = pixels[
        round(top.top()) + 1 : round(top.bottom()) - 1, round(window.right()) + 6 : round(top.right()) - 2, :3
    ]
    assert len(np.unique(strip.reshape(-1, 3), axis=0)) == 2, "it is hatched"
    patch = view.facts.done.patches[0]
    assert patch.is_padding[:2].all()
    assert "padding 2" in chips(view)


def test_without_padding_there_is_no_frame(show):
    view = show(small(kernel_size=5), "conv", (1, 0, 0))
    assert view.stage.panes["below"].padding == []
    assert not any("padding" in chip for chip in chips(view))


def test_rows_that_no_window_reaches_are_named_and_hatched(show):
    document = chain(
        (3, 28, 28),
        ("conv", "conv2d", {"out_channels": 4, "kernel_size": 7, "stride": 2}),
        ("f", "flatten", {}),
    )
    view = show(document, "conv")
    assert view.never.isVisible()
    assert view.never.text() == "Row 27 and column 27 are never seen: no window reaches them."
    row, column = view.stage.never_rects
    below = view.stage.panes["below"].box
    assert row.bottom() == pytest.approx(below.bottom())
    assert column.right() == pytest.approx(below.right())
    odd = show(
        chain((1, 5, 5), ("conv", "conv2d", {"kernel_size": 3, "stride": 2}), ("f", "flatten", {})), "conv"
    )
    assert not odd.never.isVisible()


def test_the_view_follows_the_layer_and_the_image(show, qtbot):
    document = lenet()
    view = show(document, "C1", (1, 2, 3))
    state = view.state
    state.choose_layer(document.paths["S2"])
    assert view.facts is None
    assert view.hint.text() == HINT
    assert not view.steps.isVisible()
    state.choose_cell((1, 2, 3))
    assert view.title.text() == "S2, map 1, row 2, column 3"
    before = view.facts.done.value
    look_at_noise(state, document, qtbot, seed=5)
    assert view.facts.look is state.look
    assert view.facts.done.value != before


def test_hidden_it_does_nothing_and_catches_up(show):
    document = lenet()
    view = show(document, "C1", (1, 2, 3))
    view.hide()
    view.state.choose_layer(document.paths["S2"])
    view.state.choose_cell((0, 1, 1))
    assert view.facts.done.layer_id == document.paths["C1"]
    view.show()
    assert view.title.text() == "S2, map 0, row 1, column 1"


def test_keys_move_the_cell_and_play(show, qtbot):
    view = show(lenet(), "C1", (2, 3, 3))
    for key, cell in [(Qt.Key.Key_Right, (2, 3, 4)), (Qt.Key.Key_Down, (2, 4, 4)), (Qt.Key.Key_Left, (2, 4, 3)), (Qt.Key.Key_Up, (2, 3, 3))]:  # fmt: skip
        qtbot.keyClick(view.stage, key)
        assert view.state.cell == cell
    qtbot.keyClick(view.stage, Qt.Key.Key_Space)
    assert view.player.is_playing
    qtbot.keyClick(view.stage, Qt.Key.Key_Space)
    assert not view.player.is_playing
    view.state.choose_cell((2, 0, 0))
    qtbot.keyClick(view.stage, Qt.Key.Key_Left)
    assert view.state.cell == (2, 0, 0)


def test_a_click_chooses_the_cell_under_it(show, qtbot):
    view = show(lenet(), "C1", (2, 3, 3))
    own = view.stage.panes["own"]
    wide, high = own.scale
    at = QPoint(round(own.box.left() + 7.5 * wide), round(own.box.top() + 9.5 * high))
    qtbot.mouseClick(view.stage, Qt.MouseButton.LeftButton, pos=at)
    assert view.state.cell == (2, 9, 7)
    assert view.stage.lit_rect.contains(QPointF(at))


def test_buttons_step_through_the_rows(show):
    view = show(small(kernel_size=3), "conv")
    view.bar.next.click()
    assert view.state.cell == (0, 0, 0)
    for _ in range(6):
        view.bar.next.click()
    assert view.state.cell == (0, 1, 0), "behind the end of a row comes the next"
    view.bar.back.click()
    assert view.state.cell == (0, 0, 5)


def test_slow_layers_are_written_out_in_a_job_and_the_last_request_wins(show, qtbot, monkeypatch):
    monkeypatch.setattr("cnn_studio.ui.insight.cell_asking._QUICK_NUMBERS", 0)
    view = show(lenet(), "C1")
    titles = []
    view.asking.answered.connect(lambda facts: titles.append(facts.done.cell))
    for column in range(5):
        view.state.choose_cell((0, 0, column))
    assert view.asking.is_waiting
    settle(view, qtbot)
    assert titles[-1] == (0, 0, 4)
    assert view.facts.done.cell == (0, 0, 4)


def test_without_a_look_there_is_only_the_hint(qtbot):
    state = InsightState(lambda: None, JobList())
    view = WrittenCell(state)
    qtbot.addWidget(view)
    view.show()
    view.play()
    assert not view.player.is_playing
    assert view.hint.isVisible()
    assert not view.bar.isEnabled()
