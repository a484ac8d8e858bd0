"""Aligning, distributing and snapping."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from cnn_studio.graph.edits import CARD_HEIGHT, STEP
from cnn_studio.ui.canvas.alignment import aligned, distributed, on_each_other, spaced
from cnn_studio.ui.canvas.geometry import Box, card_box
from cnn_studio.ui.canvas.menus import card_menu
from cnn_studio.ui.canvas.snapping import GuideItem, snap
from tests.helpers.canvas import CTRL, SHIFT, key, layer, overlapping_cards, place, snapshot
from tests.helpers.folding import two_stages
from tests.helpers.ui import press_drag_release

ALT = Qt.KeyboardModifier.AltModifier
numbers = st.floats(-5000, 5000, allow_nan=False)
some_places = st.dictionaries(st.integers(1, 40), st.tuples(numbers, numbers), min_size=2, max_size=12)


def ids(view, *paths):
    return {layer(view, path).id for path in paths}


def scatter(view):
    """Three cards of LeNet at places that are not in line."""
    for path, x, y in (("C1", -300.0, 100.0), ("S2", 40.0, 190.0), ("C3", 330.0, 420.0)):
        view.context.document.change_layer(layer(view, path).id, x=x, y=y)
    view.selection.select(ids(view, "C1", "S2", "C3"))


def xs(view):
    return [layer(view, path).x for path in ("C1", "S2", "C3")]


def ys(view):
    return [layer(view, path).y for path in ("C1", "S2", "C3")]


@given(some_places)
def test_aligning_moves_along_one_axis_to_one_line(places):
    for edge, axis, pick in (("left", 0, min), ("right", 0, max), ("top", 1, min), ("bottom", 1, max)):
        found = aligned(places, edge)
        line = pick(at[axis] for at in places.values())
        assert all(at[axis] == pytest.approx(line) for at in found.values())
        assert all(found[key][1 - axis] == at[1 - axis] for key, at in places.items())


@given(some_places)
def test_distributing_keeps_the_outer_ones_and_the_order(places):
    found = distributed(places, "down")
    before = sorted(places, key=lambda key: (places[key][1], places[key][0]))
    rows = [found[key][1] for key in before]
    assert rows[0] == places[before[0]][1]
    assert rows[-1] == pytest.approx(places[before[-1]][1])
    step = (rows[-1] - rows[0]) / (len(rows) - 1)
    assert all(b - a == pytest.approx(step, abs=1e-6) for a, b in pairwise(rows))


def test_spacing_goes_along_the_longer_side():
    found = spaced({1: (0.0, 0.0), 2: (10.0, 300.0), 3: (-10.0, 90.0)}, "down")
    assert [found[key][1] for key in (1, 3, 2)] == [0, STEP, 2 * STEP]
    assert [found[key][0] for key in (1, 3, 2)] == [0, -10, 10]


def test_cards_that_touch_do_not_cover_each_other():
    assert on_each_other({1: (0.0, 0.0), 2: (0.0, CARD_HEIGHT)}) is None
    assert on_each_other({1: (0.0, 0.0), 2: (100.0, CARD_HEIGHT - 1)}) == (1, 2)


@pytest.mark.parametrize(
    ("code", "keys", "axis", "expected"),
    [
        (Qt.Key.Key_Left, CTRL | SHIFT, 0, -300),
        (Qt.Key.Key_Right, CTRL | SHIFT, 0, 330),
        (Qt.Key.Key_H, CTRL | SHIFT, 0, 15),
        (Qt.Key.Key_Up, CTRL | SHIFT, 1, 100),
        (Qt.Key.Key_Down, CTRL | SHIFT, 1, 420),
        (Qt.Key.Key_M, CTRL | SHIFT, 1, 260),
    ],
)
def test_keys_align_the_selection_as_one_step(show, code, keys, axis, expected):
    view = show()
    scatter(view)
    before = snapshot(view)
    key(view, code, keys)
    assert (ys(view) if axis else xs(view)) == [expected] * 3
    assert (xs(view), ys(view))[1 - axis] == ([-300, 40, 330], [100, 190, 420])[1 - axis]
    view.context.stack.undo()
    assert snapshot(view) == before


def test_distributing_and_spacing_by_the_menu(show):
    view = show()
    scatter(view)
    align = next(a for a in card_menu(view).actions() if a.text() == "Align").menu()
    entries = {action.text().split("\t")[0]: action for action in align.actions()}
    entries["Distribute down"].trigger()
    assert ys(view) == [100, 260, 420]
    entries["Distribute across"].trigger()
    assert xs(view) == [-300, 15, 330]
    view.selection.select(ids(view, "S4", "C5", "F6"))
    view.context.document.change_layer(layer(view, "F6").id, y=2000.0)
    assert view.align.space_evenly()
    start = layer(view, "S4").y
    assert [layer(view, path).y for path in ("C5", "F6")] == [start + STEP, start + 2 * STEP]


def test_aligning_never_hides_a_card_behind_another(show):
    view = show()
    view.selection.select(ids(view, "C1", "S2"))
    before = snapshot(view)
    assert not view.align.align("top")
    assert "C1 and S2 would lie on each other" in view.bubble.text
    assert snapshot(view) == before and not overlapping_cards(view)


def test_too_few_cards_are_said(show):
    view = show()
    view.selection.select(ids(view, "C1"))
    assert not view.align.align("left")
    assert "at least 2 cards" in view.bubble.text
    view.selection.select(ids(view, "C1", "S2"))
    assert not view.align.distribute("down")
    assert "at least 3 cards" in view.bubble.text


def test_folded_blocks_align_as_cards(show):
    view = show(two_stages())
    document = view.context.document
    view.folds.fold("res", "tail")
    block = next(key for key in view.network.picture.folded if view.network.name_of(key) == "res")
    stem = layer(view, "stem").id
    document.change_layer(stem, x=-420.0)
    view.selection.select({stem, *view.network.picture.members(block)})
    shape = {i: (document.layers[i].x, document.layers[i].y) for i in view.network.picture.members(block)}
    assert view.align.align("middle")
    places = view.network.picture.places
    assert places[stem][1] == pytest.approx(places[block][1], abs=0.5)
    moved = {
        (round(document.layers[i].x - x), round(document.layers[i].y - y)) for i, (x, y) in shape.items()
    }
    assert len(moved) == 1  # the block kept its inside
    view.context.stack.undo()
    assert {i: (document.layers[i].x, document.layers[i].y) for i in shape} == shape


def test_keys_move_the_selection_by_steps_that_are_one_undo(show):
    view = show()
    start = layer(view, "C3")
    view.selection.select(ids(view, "C3"))
    for _ in range(3):
        key(view, Qt.Key.Key_Right, ALT)
    assert (layer(view, "C3").x, layer(view, "C3").y) == (start.x + 24, start.y)
    view.context.stack.undo()
    assert layer(view, "C3") == start


def test_something_near_a_line_is_drawn_to_it_and_a_guide_shows_it():
    moving, other = card_box(0, 0), card_box(300, 200)
    near = snap([moving], [other], 295, 90, 8)
    assert (near.dx, near.dy) == (300, 90)
    (guide,) = near.guides
    assert guide.x1 == guide.x2 == 300 and guide.y1 < 90 - 25 and guide.y2 > 225
    assert snap([moving], [other], 280, 90, 8).guides == ()
    both = snap([moving], [other, card_box(-500, 95)], 305, 90, 8)
    assert (both.dx, both.dy) == (300, 95) and len(both.guides) == 2
    # a group is drawn by its edges
    group = Box(-107, -25, 400, 25)
    assert snap([group], [other], 3, 90, 8).dx == pytest.approx(7)


def guides(view):
    return [item for item in view.network.items() if isinstance(item, GuideItem)]


def test_a_dragged_card_shows_guides_and_lands_in_line(show):
    view = show()
    view.context.document.change_layer(layer(view, "S4").id, x=300.0)
    start = place(view, "C3", 60)
    end = start + (place(view, "S4") - place(view, "C3")) + QPoint(4, -130)
    press_drag_release(view, start, end, release=False)
    (item,) = guides(view)
    assert not item.path().isEmpty()
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert layer(view, "C3").x == 300
    assert not guides(view)


def test_alt_moves_freely(show):
    view = show()
    start = place(view, "C3", 60)
    press_drag_release(view, start, start + QPoint(4, 20), keys=ALT, steps=12)
    assert layer(view, "C3").x == pytest.approx(4 / view.zoom, abs=1.5) and layer(view, "C3").x != 0


def test_escape_takes_the_guides_away(show):
    view = show()
    press_drag_release(view, place(view, "C3", 60), place(view, "C3", 60) + QPoint(3, 30), release=False)
    assert guides(view)
    key(view, Qt.Key.Key_Escape)
    assert not guides(view)
