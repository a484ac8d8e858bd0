"""Where the network looked: the heat is the engine's, follows what is chosen, and nothing runs unseen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from cnn_studio.app.jobs import JobList
from cnn_studio.app.project import Project
from cnn_studio.datasets.records import DataSource
from cnn_studio.insight.occlusion import occlude
from cnn_studio.insight.pictures import as_rgb, overlay
from cnn_studio.insight.where import default_place, grad_cam, places
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.where_view import WhereView
from tests.helpers.networks import chain
from tests.helpers.ui import as_array, events, grab
from tests.helpers.wizard import lenet_project


def digit(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (1, 32, 32), dtype=np.uint8)


def made(qtbot, project: Project | None = None) -> tuple[InsightState, WhereView]:
    project = project or lenet_project()
    state = InsightState(lambda: project, JobList())
    view = WhereView(state)
    qtbot.addWidget(view)
    view.resize(760, 640)
    return state, view


@pytest.fixture
def shown(qtbot):
    state, view = made(qtbot)
    view.show()
    state.show_pixels("a digit", digit())
    qtbot.waitUntil(lambda: view.cam is not None, timeout=20_000)
    yield state, view
    view.close_work()
    state.close()


def choose_class(view: WhereView, class_index: int) -> None:
    box = view.controls.class_box
    at = box.findData(class_index)
    box.setCurrentIndex(at)
    box.activated.emit(at)


def test_the_heat_is_grad_cams_for_the_likeliest_class_in_the_last_maps(shown):
    state, view = shown
    top = state.look.guesses(1)[0].index
    assert view.controls.class_index == top
    assert view.controls.class_box.currentText().endswith("%")
    expected = grad_cam(state.look, top)
    assert expected.layer_id == default_place(state.look.network)
    assert np.array_equal(view.picture.heat, expected.heat)
    assert np.array_equal(view.picture.pixels(), overlay(state.look.image, expected.heat, 1, 0.65))
    assert view.controls.layer_box.count() == len(places(state.look.network))
    assert view.controls.layer_box.itemText(0).endswith(" · best")
    grab(view, "where-it-looked")


def test_another_class_and_another_layer_give_other_heat(shown, qtbot):
    state, view = shown
    first = view.picture.heat
    other = next(
        k for k in range(10) if k != view.controls.class_index and not grad_cam(state.look, k).is_empty
    )
    choose_class(view, other)
    qtbot.waitUntil(lambda: view.cam.class_index == other, timeout=20_000)
    assert np.array_equal(view.picture.heat, grad_cam(state.look, other).heat)
    assert not np.array_equal(view.picture.heat, first)
    early = places(state.look.network)[1]
    path = state.look.network.document.layer(early).path
    assert early not in (state.layer, view.cam.layer_id)
    state.choose_layer(early)  # as in the list of layers beside
    qtbot.waitUntil(lambda: view.cam.layer_id == early, timeout=20_000)
    assert np.array_equal(view.picture.heat, grad_cam(state.look, other, early).heat)
    assert path in view.sentence.text()


def test_the_last_of_quick_choices_wins(shown, qtbot):
    _, view = shown
    for class_index in (1, 2, 3, 7):
        choose_class(view, class_index)
        view._lazy.now()
    qtbot.waitUntil(lambda: view.cam.class_index == 7 and not view._line.is_busy, timeout=20_000)
    assert view.controls.class_index == 7


def test_a_class_is_found_by_typing_and_what_is_none_is_taken_back(shown, qtbot):
    _, view = shown
    box = view.controls.class_box
    before = box.currentText()
    box.setFocus()
    box.lineEdit().selectAll()
    qtbot.keyClicks(box.lineEdit(), "no class")
    box.lineEdit().editingFinished.emit()
    assert box.currentText() == before
    choose_class(view, 4)
    box.lineEdit().selectAll()
    qtbot.keyClicks(box.lineEdit(), "6")
    qtbot.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    assert view.controls.class_index == 6


def test_another_image_asks_for_its_own_class_and_the_same_one_keeps_the_choice(shown, qtbot):
    state, view = shown
    chosen = next(k for k in range(10) if k != view.controls.class_index)
    choose_class(view, chosen)
    qtbot.waitUntil(lambda: view.cam.class_index == chosen, timeout=20_000)
    look = state.look
    state.look_again()
    qtbot.waitUntil(lambda: view._look is not look and view.cam is not None, timeout=20_000)
    assert view.cam.class_index == chosen
    state.show_pixels("another", digit(3))
    qtbot.waitUntil(
        lambda: np.array_equal(view._look.image, digit(3)) and view.cam is not None, timeout=20_000
    )
    assert view.cam.class_index == state.look.guesses(1)[0].index


def test_covering_gives_the_engines_heat_and_says_what_it_costs(shown, qtbot):
    state, view = shown
    view.controls.choose_method("occlusion")
    assert view.picture.heat is None and "Press" in view.sentence.text()
    view.controls.patch_box.setValue(8)
    view.controls.stride_box.setValue(8)
    qtbot.mouseClick(view.controls.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.occlusion is not None, timeout=20_000)
    expected = occlude(state.look, view.controls.class_index, patch=(8, 8), stride=(8, 8))
    assert np.array_equal(view.occlusion.heat, expected.heat)
    assert view.picture.heat.min() == 0 and view.picture.heat.max() == 1
    assert "Patch 8 × 8, 16 places." in view.sentence.text()
    assert "16 images" in view.controls.start.toolTip()
    choose_class(view, (view.controls.class_index + 1) % 10)
    qtbot.waitUntil(lambda: view.picture.heat is None, timeout=5_000)  # that was said of another class
    view.controls.choose_method("cam")
    qtbot.waitUntil(lambda: view.picture.heat is not None, timeout=20_000)


def test_covering_can_be_cancelled(shown, qtbot):
    _, view = shown
    view.controls.choose_method("occlusion")
    view.controls.patch_box.setValue(2)
    view.controls.stride_box.setValue(1)
    view.cover()
    assert view.work_line.isVisible() and not view.controls.start.isEnabled()
    qtbot.mouseClick(view.work_line.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not view._line.is_busy, timeout=20_000)
    assert view.occlusion is None and "Nothing is covered yet" in view.sentence.text()
    assert not view.work_line.isVisible() and view.controls.start.isEnabled()


def test_a_network_without_maps_says_so_and_can_still_be_covered(qtbot):
    flat = chain((1, 6, 6), ("flat", "flatten", {}), ("out", "linear", {"out_features": 3}))
    state, view = made(qtbot, Project(flat, DataSource()))
    view.show()
    state.show_pixels("noise", digit()[:, :6, :6].copy())
    qtbot.waitUntil(lambda: view._look is not None, timeout=20_000)
    if places(state.look.network):
        pytest.fail("the network has maps")
    assert "No layer of this network has maps of more than one cell" in view.sentence.text()
    assert not view.controls.layer_box.isEnabled() and view.picture.heat is None
    view.controls.choose_method("occlusion")
    view.cover()
    qtbot.waitUntil(lambda: view.occlusion is not None, timeout=20_000)
    state.close()


def test_nothing_is_computed_while_the_page_is_hidden(qtbot):
    state, view = made(qtbot)
    state.show_pixels("a digit", digit())
    qtbot.waitUntil(lambda: state.look is not None and not state.jobs.busy, timeout=20_000)
    events()
    qtbot.wait(100)
    assert view.cam is None and not view._line.is_busy
    view.show()
    qtbot.waitUntil(lambda: view.cam is not None, timeout=20_000)
    view.hide()
    known = view.cam
    state.show_pixels("another", digit(5))
    qtbot.waitUntil(lambda: np.array_equal(state.look.image, digit(5)), timeout=20_000)
    qtbot.wait(100)
    assert view.cam is known and not view._line.is_busy


def test_an_empty_page_says_what_to_do(qtbot):
    _, view = made(qtbot)
    view.show()
    assert view.hint.isVisible() and not view.save.isEnabled() and not view.controls.class_box.isEnabled()


def test_the_picture_is_saved_as_it_is_seen(shown, qtbot, tmp_path):
    state, view = shown
    view.opacity.setValue(0)
    assert np.array_equal(view.picture.pixels(), as_rgb(state.look.image))
    view.opacity.setValue(90)
    with qtbot.waitSignal(view.message) as said:
        assert view.save_picture(tmp_path / "heat")
    assert "heat.png" in said.args[0]
    saved = as_array(QImage(str(tmp_path / "heat.png")))[..., :3]
    assert np.array_equal(saved, overlay(state.look.image, view.cam.heat, 672, 0.9))
    with qtbot.waitSignal(view.message):
        assert not view.save_picture(tmp_path / "missing" / "heat.png")


def test_tiny_pictures_keep_square_pixels_and_large_ones_their_proportions(shown):
    _, view = shown
    place = view.picture.place()
    assert place.width() == place.height() and place.width() % 32 == 0
    view.picture.show_heat(np.zeros((3, 100, 200), np.uint8), None)
    place = view.picture.place()
    assert place.width() == pytest.approx(2 * place.height(), abs=2)
    assert view.picture.rect().contains(place.toRect())
