"""The convolution itself: a cell written out on the image, in pictures and in numbers."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QLabel

from cnn_studio.ui import theme
from tests.helpers.networks import chain
from tests.helpers.ui import grab
from tests.helpers.written_cell import lenet, showing, small


@pytest.fixture
def show(qtbot):
    yield from showing(qtbot)


@pytest.mark.parametrize(
    ("path", "cell"),
    [
        ("C1", (2, 3, 13)),
        ("S2", (2, 5, 5)),
        ("C3", (4, 4, 4)),
        ("C5", (7, 0, 0)),
        ("F6", (10,)),
        ("OUT", (3,)),
    ],
)
def test_the_sum_shown_is_the_cell(show, path, cell):
    view = show(lenet(), path, cell)
    value = float(view.state.look.layer(path).values[cell])
    assert view.facts is not None
    shown = view.steps.text().splitlines()[-1].split()[-1].replace("−", "-").replace(",", "")
    assert float(shown) == pytest.approx(value, abs=2e-4 * max(1, abs(value)))
    assert "adds up to the cell shown" in view.result.text()
    assert view.result.text().startswith(view.facts.value_text)
    assert grab(view, f"insight-cell-{path}").size


def test_what_does_not_add_up_is_not_said_to(show):
    view = show(lenet(), "C1", (0, 3, 3))
    wrong = replace(view.facts, done=replace(view.facts.done, value=view.facts.done.value + 1))
    assert view.facts.adds_up
    assert not wrong.adds_up
    assert "adds up" not in wrong.result


def test_channels_are_shown_one_at_a_time_the_strongest_first(show):
    view = show(lenet(), "C3", (15, 4, 4))  # reads all six maps
    products = view.facts.done.products
    sums = products.sum(axis=(1, 2))
    assert view.channel == np.abs(sums).argmax()
    assert view.channels.isVisible()
    assert "channels × 25 products" in view.steps.text()
    view.show_channel(0)
    view.sums.repaint()
    assert np.array_equal(view.sums.grids[-1].values, products[0])
    view.channels.next.click()
    assert view.channel == 1
    assert view.stage.panes["below"].name == "S2, map 1"
    view.state.choose_cell((15, 5, 5))
    assert view.channel == 1, "a channel that was chosen stays"
    view.channels.strongest.click()
    assert view.channel == view.facts.strongest


def test_a_click_on_a_bar_shows_its_channel(show, qtbot):
    view = show(lenet(), "C3", (15, 4, 4))
    area = view.sums.bar_area
    at = QPoint(round(area.left() + theme.px(26) * 4.5), round(area.center().y()))
    qtbot.mouseClick(view.sums, Qt.MouseButton.LeftButton, pos=at)
    assert view.channel == 4
    assert "map" in view.sums.text_at(QPointF(at))


@pytest.mark.parametrize(("path", "sentence"), [("input", "the image itself"), ("up", "no written-out form")])
def test_a_layer_without_a_written_form_says_so(show, path, sentence):
    document = chain((1, 4, 4), ("up", "upsample", {}), ("flat", "flatten", {}))
    view = show(document, path, (0, 3, 3))
    assert view.note.isVisible()
    assert sentence in view.note.text()
    assert not view.sums.isVisible()
    assert not view.result.isVisible()


def test_the_winner_of_max_pooling_is_ringed(show):
    document = chain((1, 8, 8), ("pool", "max_pool2d", {"kernel_size": 2, "stride": 2}), ("f", "flatten", {}))
    view = show(document, "pool", (0, 1, 2))
    row, column = view.facts.done.winner.cell[1:]
    assert f"in row {row}, column {column}" in view.steps.text()
    ring = grab(view.sums)
    grid = view.sums.grids[0]
    side = grid.box.width() / 2
    x, y = grid.box.left() + (column - 4) * side, grid.box.top() + (row - 2 + 0.5) * side
    accent = np.array(theme.qcolor("accent").getRgb()[:3])
    near = ring[round(y), max(0, round(x) - 3) : round(x) + 4, :3].astype(int)
    assert (np.abs(near - accent).sum(axis=1) < 24).any()


def test_other_layers_have_their_own_pictures(show):
    document = chain(
        (2, 6, 6),
        ("act", "tanh", {}),
        ("avg", "avg_pool2d", {"kernel_size": 2}),
        ("flat", "flatten", {}),
        ("fc", "linear", {"out_features": 5}),
        ("soft", "softmax", {}),
    )
    view = show(document, "act", (1, 2, 2))
    xs, ys = view.facts.curve(-2, 2)
    assert ys == pytest.approx(np.tanh(xs))
    kinds = {"act": ((1, 2, 2), "function"), "avg": ((1, 2, 2), "window"), "flat": ((7,), "function"),
             "fc": ((2,), "weights"), "soft": ((2,), "powers")}  # fmt: skip
    for path, (cell, kind) in kinds.items():
        view.state.choose_layer(document.paths[path])
        view.state.choose_cell(cell)
        assert view.facts.kind == kind
        grab(view, f"insight-cell-{path}")
    bars = view.facts.powers(9)
    assert sum(bar.value for bar in bars) == pytest.approx(view.facts.done.divisor)
    assert [bar.is_own for bar in bars].count(True) == 1


def test_the_strongest_contributions_come_first_and_none_is_lost(show):
    view = show(lenet(), "F6", (10,))
    bars = view.facts.contributions(9)
    sizes = [abs(bar.value) for bar in bars[:-1]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(bar.value for bar in bars) == pytest.approx(view.facts.done.products.sum())
    assert bars[-1].name == f"other {view.facts.done.products.size - 8}"


def test_nothing_is_cut_off_when_it_is_narrow(show):
    view = show(small(kernel_size=7, stride=1, padding=3), "conv", (0, 1, 1), size=(360, 900))
    view.sums.repaint()
    for grid in view.sums.grids:
        assert view.sums.rect().toRectF().contains(grid.box)
    for label in view.findChildren(QLabel):
        if label.isVisible() and label.wordWrap():
            assert label.height() >= label.heightForWidth(label.width())


def test_every_control_is_named_and_every_number_explained(show):
    view = show(small(kernel_size=3, padding=1), "conv", (0, 1, 1))
    for button in (
        view.bar.back,
        view.bar.play,
        view.bar.next,
        view.bar.slider,
        view.channels.back,
        view.channels.next,
    ):
        assert button.accessibleName()
        assert button.toolTip()
    for label in view.chips.findChildren(QLabel):
        assert re.search(r"\w+\.$", label.toolTip()), label.text()
    assert view.stage.accessibleDescription()
    assert view.sums.accessibleDescription() == view.facts.text()
