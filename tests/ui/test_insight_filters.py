"""The filters of a layer, before and now, and the images that excite a map: those of the engine, and only when seen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from cnn_studio.app.jobs import JobList
from cnn_studio.app.project import Project
from cnn_studio.app.weights import WeightSet
from cnn_studio.compiler import lower
from cnn_studio.datasets.records import DataSource, ImageData, ImagePart
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.insight.exciting import most_exciting
from cnn_studio.insight.filters import compare_filters, filters_of, first_filters
from cnn_studio.insight.regions import seen_by
from cnn_studio.ui.insight.filters_view import FiltersView
from cnn_studio.ui.insight.state import InsightState
from tests.helpers.networks import chain
from tests.helpers.ui import events, grab, receiver
from tests.helpers.wizard import lenet_project


def some_data(count: int = 20, size: int = 32) -> ImageData:
    images = np.random.default_rng(1).integers(0, 256, (count, 1, size, size), dtype=np.uint8)
    part = ImagePart(images, np.arange(count, dtype=np.int64) % 10)
    classes = tuple(f"digit {n}" for n in range(10))
    return ImageData("Noise", classes, part, ImagePart(images[:5], part.labels[:5]), None, (0.5,), (0.25,))


def other_lenet() -> Project:
    """LeNet-5 with weights that no usual seed draws, one of its first filters being weak."""
    document = lenet_project().document
    arrays = {key: tensor.numpy() for key, tensor in lower(document, seed=3).state_dict().items()}
    arrays["C1.weight"][2] *= 0.1
    return Project(document, DataSource(), weights=WeightSet.from_state(document, arrays))


def made(qtbot, project=None, *, start=None, data=None) -> tuple[InsightState, FiltersView]:
    project = project or other_lenet()
    state = InsightState(lambda: project, JobList())
    view = FiltersView(state, start, data)
    qtbot.addWidget(view)
    view.resize(720, 680)
    return state, view


def opened(qtbot, project=None, **more) -> tuple[InsightState, FiltersView]:
    state, view = made(qtbot, project, **more)
    view.show()
    state.show_pixels("an image", some_data().train.images[0])
    qtbot.waitUntil(lambda: view.filters is not None, timeout=20_000)
    events()
    return state, view


def pixels(picture) -> np.ndarray:
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return rows[:, : picture.width()].copy()


def test_all_filters_are_shown_before_and_now(qtbot):
    state, view = opened(qtbot)
    filters, network = view.filters, state.look.network
    weights = filters_of(network, filters.layer_id)
    assert view.now_view.count == view.before_view.count == len(weights) == 6
    before = first_filters(network, filters.layer_id, 0)
    change = compare_filters(before, weights)
    for row in range(6):
        (now,), (first,) = view.now_view.tiles.tile(row).pictures, view.before_view.tiles.tile(row).pictures
        assert np.array_equal(pixels(now), change.after.pictures[row, 0])
        assert np.array_equal(pixels(first), change.before.pictures[row, 0])
        assert view.now_view.tiles.tile(row).caption == f"{row} · {change.moved[row]:.1f} ×"
    assert "From a random start (seed 0)" in view.sentence.text()
    grab(view, "filters")


def test_each_filter_can_have_its_own_scale(qtbot):
    _, view = opened(qtbot)
    common = [pixels(view.now_view.tiles.tile(row).pictures[0]) for row in range(6)]
    view.scale_buttons["each"].click()
    for row in range(6):
        found = pixels(view.now_view.tiles.tile(row).pictures[0]).astype(int)
        assert np.abs(found - 128).max() >= 126
    assert any(np.abs(found.astype(int) - 128).max() < 120 for found in common)


def test_deeper_filters_are_rows_of_their_inputs(qtbot):
    state, view = opened(qtbot)
    deeper = state.look.network.document.paths["C3"]
    state.choose_layer(deeper)
    qtbot.waitUntil(lambda: view.filters.layer_id == deeper, timeout=20_000)
    weights = filters_of(state.look.network, deeper)
    assert view.now_view.count == len(weights) == 16
    assert view.now_view.columns == 1
    assert len(view.now_view.tiles.tile(0).pictures) == weights.shape[1] == 6
    assert not view.inputs.isVisible()
    many = state.look.network.document.paths["C5"]  # 16 inputs, more than there is room for
    state.choose_layer(many)
    qtbot.waitUntil(lambda: view.filters.layer_id == many, timeout=20_000)
    events()
    room = view.now_view.strip
    assert room < 16 and view.inputs.text() == f"inputs 0–{room - 1} of 16"
    qtbot.mouseClick(view.more, Qt.MouseButton.LeftButton)
    first = min(room, 16 - room)
    assert view.inputs.text() == f"inputs {first}–{first + room - 1} of 16"
    expected = view.filters.pictures("common")[1].pictures[3, first]
    assert np.array_equal(pixels(view.now_view.tiles.tile(3).pictures[0]), expected)


def test_a_layer_without_filters_shows_those_of_the_first_that_has_some(qtbot):
    state, view = opened(qtbot)
    network = state.look.network
    paths = {i: network.document.layer(i).path for i in network.runner.layers}
    without = next(
        i for i in paths if filters_of(network, i) is None and i not in (network.input, state.layer)
    )
    state.choose_layer(without)
    qtbot.waitUntil(lambda: paths[without] in view.note.text(), timeout=20_000)
    assert paths[view.filters.layer_id] == "C1"


def test_a_network_without_filters_says_so(qtbot):
    flat = chain((1, 32, 32), ("pool", "global_avg_pool", {}), ("flat", "flatten", {}))
    state, view = made(qtbot, Project(flat, DataSource()))
    view.show()
    assert view.hint.isVisible() and "Open an image" in view.hint.text()
    state.show_pixels("an image", some_data().train.images[0])
    qtbot.waitUntil(lambda: "No layer of this network has filters" in view.hint.text(), timeout=20_000)
    assert view.filters is None and not view.body.isVisible()


def test_of_a_huge_layer_only_the_first_filters_are_shown(qtbot):
    huge = chain((1, 32, 32), ("flat", "flatten", {}), ("fc", "linear", {"out_features": 4_000}))
    _, view = opened(qtbot, Project(huge, DataSource()))
    assert view.title.text() == "fc · 4,000 filters of 1 × 32 × 32, the first 3,906 of them"
    assert view.now_view.count == 3_906 and not view.before_view.isVisible()
    assert "too many weights" in view.sentence.text()
    view.exciting.choose_map(3_999)  # it can still be asked about


@pytest.mark.parametrize("own_weights", [False, True])
def test_before_is_what_training_began_with(qtbot, own_weights):
    now = other_lenet()
    start = now if own_weights else Project(now.document, DataSource(), TrainSettings(seed=7))
    state, view = opened(qtbot, now, start=lambda: start)
    if own_weights:
        assert view.before_title.text() == "Start of training"
        assert view.sentence.text() == "These are still the filters of the start of training."
    else:
        assert view.before_title.text() == "Random start (seed 7)"
        expected = first_filters(state.look.network, view.filters.layer_id, 7)
        assert np.array_equal(view.filters.before, expected)
        assert view.sentence.text().startswith("Since the random start (seed 7) the filters moved by")


def test_a_filter_that_is_clicked_is_the_map_that_is_asked_about(qtbot):
    state, view = opened(qtbot)
    place = view.now_view.visualRect(view.now_view.tiles.index(4, 0)).center()
    qtbot.mouseClick(receiver(view.now_view), Qt.MouseButton.LeftButton, pos=place)
    assert view.exciting.map_number == 4
    assert view.before_view.currentIndex().row() == 4
    view.exciting.map_box.setValue(2)
    assert view.now_view.currentIndex().row() == 2
    state.choose_layer(view.filters.layer_id)
    state.choose_cell((5, 0, 0))
    assert view.exciting.map_number == 5


def test_the_images_that_excite_a_map_are_the_engines(qtbot):
    data = some_data()
    state, view = opened(qtbot, data=lambda: data)
    exciting = view.exciting
    qtbot.mouseClick(exciting.find_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(exciting.shown) == 9, timeout=20_000)
    network, layer_id = state.look.network, view.filters.layer_id
    expected = most_exciting(network, layer_id, data.train, count=9)
    assert [one.excited for one in exciting.shown] == expected.of(0)
    assert [one.box for one in exciting.shown] == [
        seen_by(network, layer_id, e.cell).box for e in expected.of(0)
    ]
    tile, box = exciting.pictures.tiles.tile(0), exciting.shown[0].box
    assert tile.frame.left() == box.left / 32 and tile.frame.height() == box.height / 32
    assert "Out of 20 images" in exciting.note.text()
    view.now_view.setCurrentIndex(view.now_view.tiles.index(3, 0))
    qtbot.waitUntil(lambda: exciting.shown[0].excited.cell[0] == 3, timeout=20_000)
    assert [one.excited for one in exciting.shown] == expected.of(3)
    grab(view, "filters-exciting")

    place = exciting.pictures.visualRect(exciting.pictures.tiles.index(1, 0)).center()
    qtbot.mouseClick(receiver(exciting.pictures), Qt.MouseButton.LeftButton, pos=place)
    chosen = exciting.shown[1].excited.image
    qtbot.waitUntil(lambda: np.array_equal(state.look.image, data.train.images[chosen]), timeout=20_000)
    assert f"Training image {chosen + 1}" in state.subject.title
    assert len(exciting.shown) == 9  # of the same network they stay


def test_validation_images_can_be_searched(qtbot):
    data = some_data()
    _, view = opened(qtbot, data=lambda: data)
    view.exciting.part_box.setCurrentIndex(1)
    view.exciting.search()
    qtbot.waitUntil(lambda: len(view.exciting.shown) == 5, timeout=20_000)


def test_a_search_can_be_cancelled_and_ends_with_another_layer(qtbot):
    data = some_data(4_000)
    state, view = opened(qtbot, data=lambda: data)
    exciting = view.exciting
    exciting.search()
    assert exciting.work_line.isVisible() and not exciting.find_button.isEnabled()
    qtbot.mouseClick(exciting.work_line.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not state.jobs.busy and exciting.find_button.isEnabled(), timeout=20_000)
    assert not exciting.shown and not exciting.work_line.isVisible()
    exciting.search()
    state.choose_layer(state.look.network.document.paths["C3"])
    qtbot.waitUntil(lambda: view.filters.total == 16 and not state.jobs.busy, timeout=20_000)
    assert not exciting.shown and exciting.find_button.isEnabled()


def test_without_fitting_images_a_sentence_says_why(qtbot):
    _, view = opened(qtbot)
    view.exciting.search()
    assert "no data set" in view.exciting.note.text()
    small = some_data(size=28)
    _, view = opened(qtbot, data=lambda: small)
    view.exciting.search()
    qtbot.waitUntil(lambda: "Load them for this network" in view.exciting.note.text(), timeout=20_000)


def test_nothing_is_read_while_the_page_is_hidden(qtbot):
    state, view = made(qtbot)
    state.show_pixels("an image", some_data().train.images[0])
    qtbot.waitUntil(lambda: state.look is not None and not state.jobs.busy, timeout=20_000)
    qtbot.wait(100)
    assert view.filters is None and not view._line.is_busy
    view.show()
    qtbot.waitUntil(lambda: view.filters is not None, timeout=20_000)
