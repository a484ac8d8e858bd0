"""The Inspect page: what every layer makes of an image, chosen layers and cells, and the ways to choose an image."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QImage

from cnn_studio.graph.commands import SetParams
from tests.helpers.images import write_picture
from tests.helpers.ui import grab
from tests.ui.test_main_window import settings
from tests.ui.test_main_window import window as window  # noqa: PLC0414 - a fixture is found by its name
from tests.ui.test_run_tools import idle, state, trigger


@pytest.fixture
def page(window, qtbot):
    """The page in the window, with the first validation image of the digits looked at."""
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=20_000)
    trigger(window, "show_inspect")
    qtbot.waitUntil(lambda: window.workspace.inspect.page is not None, timeout=20_000)
    found = window.workspace.inspect.page
    qtbot.waitUntil(lambda: found.state.look is not None, timeout=20_000)
    return found


def layer_id(page, path):
    return page.state.look.network.document.layer_at(path).id


def looked(page, qtbot, act):
    with qtbot.waitSignal(page.state.looked, timeout=20_000):
        act()


def test_every_layer_is_a_row_and_the_chosen_one_is_shown_in_full(page, qtbot):
    look = page.state.look
    assert page.layers.rows.ids == tuple(look.layers)
    assert np.array_equal(look.image, page.image._data().val.images[0])
    assert "drawn from seed" in page.image.note.text()
    page.state.choose_layer(layer_id(page, "C3"))
    assert page.maps.grid.count == 16
    assert page.title.text() == "C3"
    assert page.maps.facts.text().startswith("16×10×10")
    grab(page, "inspect-maps")
    page.state.choose_layer(layer_id(page, "OUT"))
    assert page.maps.bars.isVisible() and not page.maps.grid.isVisible()
    grab(page, "inspect-vector")


def test_the_strongest_maps_come_first_unless_by_number(page):
    page.state.choose_layer(layer_id(page, "C3"))
    model, layer = page.maps.model, page.maps.layer
    shown = [model.map_at(row) for row in range(model.rowCount())]
    strength = layer.numbers.strength
    assert shown == sorted(range(16), key=lambda number: -strength[number])
    page.maps.sorts.click()
    assert [model.map_at(row) for row in range(16)] == list(range(16))
    assert model.row_of(7) == 7


def test_a_click_chooses_the_cell_under_it(page, qtbot):
    page.state.choose_layer(layer_id(page, "C1"))
    grid = page.maps.grid
    index = grid.model().index(2, 0)
    place = grid.picture_place(grid.visualRect(index))
    row, column = 11, 23
    point = QPoint(
        place.left() + int((column + 0.5) * place.width() / 28),
        place.top() + int((row + 0.5) * place.height() / 28),
    )
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert page.state.cell == (page.maps.model.map_at(2), row, column)
    page.state.choose_layer(layer_id(page, "S2"))
    assert page.state.cell is None


def test_samples_go_round_and_keep_the_layer(page, qtbot):
    page.state.choose_layer(layer_id(page, "S4"))
    looked(page, qtbot, lambda: page.image.step(-1))
    data = page.image._data()
    assert np.array_equal(page.state.look.image, data.val.images[-1])
    assert page.state.layer == layer_id(page, "S4")
    assert page.image.title.text().startswith(f"Validation image {len(data.val)}, a ")


def test_drawing_is_answered_at_every_stroke(page, qtbot):
    page.image.draw.click()
    assert page.image.pad.isVisible() and not page.image.picture.isVisible()
    page.image.pad.stroke(QPointF(60, 60), QPointF(200, 200))
    # the empty pad is looked at first
    qtbot.waitUntil(lambda: page.state.look.image.max() > 200, timeout=20_000)
    image = page.state.look.image
    assert image.shape == (1, 32, 32)
    assert image.max() > 200 and image[0, 0, -1] == 0
    assert image[0, 15, 15] > image[0, 3, 28]
    looked(page, qtbot, page.image.wipe.click)
    assert page.state.look.image.max() == 0


def test_files_pictures_and_what_is_none(page, qtbot, tmp_path, window):
    file = write_picture(tmp_path / "Käfer.png")
    looked(page, qtbot, lambda: page.image.show_file(file))
    assert page.image.title.text() == "Käfer.png"
    mime = QMimeData()
    picture = QImage(40, 30, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    mime.setImageData(picture)
    looked(page, qtbot, lambda: page.image.take(mime))
    assert page.image.title.text() == "Pasted image 1"
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(broken))])
    looked(page, qtbot, lambda: page.image.take(mime))
    assert page.state.look is None
    assert "cannot be read" in page.image.note.text()
    assert page.layers.rows.rowCount() == 0
    looked(page, qtbot, lambda: page.image.show_file(file))
    assert page.state.look is not None


def test_an_edit_is_followed_and_errors_are_said(page, qtbot, window):
    session = window.session
    c1 = session.document.layer_at("C1").id
    looked(page, qtbot, lambda: session.push(SetParams(id=c1, changes={"out_channels": 9})))
    assert page.state.look.layers[c1].shape[0] == 9
    looked(page, qtbot, lambda: session.push(SetParams(id=c1, changes={"kernel_size": (99, 99)})))
    assert page.state.look is None
    assert "C1" in page.image.note.text() and page.image.note.text().endswith(".")
    looked(page, qtbot, window.undo)
    assert page.state.look is not None


def test_a_paused_run_is_looked_into(page, qtbot, window):
    settings(window, epochs=500)
    before = page.state.look.layers[layer_id(page, "OUT")].values.copy()
    trigger(window, "train")
    with qtbot.waitSignal(window.training.validated, timeout=60_000):
        pass
    trigger(window, "pause")
    state(window, qtbot, "paused")
    # what it was after an epoch gives way to what it is now
    qtbot.waitUntil(lambda: page.image.note.text() == "" and not page.state.is_looking, timeout=20_000)
    paused = window.training.to_try().weights.to_state(page.state.look.network.document)
    layer = layer_id(page, "OUT")
    now = page.state.look.network.runner.tensors(layer)["weight"].numpy()
    assert np.array_equal(now, paused["OUT.weight"])
    assert not np.array_equal(page.state.look.layers[layer].values, before)
    trigger(window, "discard")
    idle(window, qtbot)


def test_a_run_is_looked_into_after_each_epoch_while_the_page_is_seen(page, qtbot, window):
    settings(window, epochs=500)
    first = page.state.look
    trigger(window, "train")
    notes = set()

    def has_moved_on():
        notes.add(page.image.note.text())
        return len([note for note in notes if note.startswith("After epoch ")]) >= 3

    qtbot.waitUntil(has_moved_on, timeout=60_000)
    out = layer_id(page, "OUT")
    assert not np.array_equal(page.state.look.layers[out].values, first.layers[out].values)
    trigger(window, "show_network")
    before = window.training.epoch_to_look_into
    for _ in range(2):  # what was asked for before still comes
        with qtbot.waitSignal(window.training.validated, timeout=60_000):
            pass
    assert window.training.epoch_to_look_into <= before + 2
    trigger(window, "show_inspect")
    trigger(window, "discard")
    idle(window, qtbot)
    qtbot.waitUntil(lambda: "drawn from seed" in page.image.note.text(), timeout=20_000)
    assert "After epoch" not in page.image.note.text()


def test_before_training_is_the_untrained_network_itself(page, qtbot):
    page.show_view(5)
    page.compare.choose.before.trigger()
    qtbot.waitUntil(lambda: page.compare.compared is not None, timeout=20_000)
    found = page.compare.compared
    assert found.here.guesses == found.there.guesses
    assert page.compare.sentence.text().startswith("Both say ")


def test_looking_inside_gets_the_room_of_the_palette(page, window):
    space = window.workspace
    assert space.palette_.isHidden() and space.inspector.isVisible()
    trigger(window, "show_network")
    before = space.sizes()["columns"]
    assert space.palette_.isVisible() and min(before) > 0
    trigger(window, "show_inspect")
    assert space.palette_.isHidden()
    assert space.sizes()["columns"] == before
    trigger(window, "show_code")
    assert space.palette_.isVisible()
    assert space.sizes()["columns"] == before


def test_the_views_of_a_layer_follow_the_choice(page, qtbot):
    page.state.choose_layer(layer_id(page, "C3"))
    page.state.choose_cell((15, 4, 5))
    page.maps.grid.doubleClicked.emit(page.maps.grid.model().index(0, 0))
    assert page.cell.isVisible() and not page.maps.isVisible()
    qtbot.waitUntil(lambda: page.cell.facts is not None, timeout=10_000)
    value = float(page.state.look.layers[layer_id(page, "C3")].values[15, 4, 5])
    assert page.cell.facts.done.value == pytest.approx(value)
    page.show_view(2)
    qtbot.waitUntil(lambda: page.where.cam is not None, timeout=10_000)
    page.show_view(3)
    assert page.filters.isVisible() and not page.where.isVisible()
