"""Two networks beside each other, live while one draws, and one image at several depths."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage

from cnn_studio.app.jobs import JobList
from cnn_studio.app.project import Project, save_project, starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.weights import WeightSet
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.starters import find_starter
from cnn_studio.insight.comparing import opinion
from cnn_studio.ui.insight.compare_view import CompareView
from cnn_studio.ui.insight.depth_view import DepthView
from cnn_studio.ui.insight.draw_pad import DrawPad
from cnn_studio.ui.insight.other_network import OtherNetwork
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.subject import drawing_subject
from tests.helpers.looking import random_state, randomised
from tests.helpers.networks import chain
from tests.helpers.ui import grab
from tests.helpers.wizard import lenet_project

LAYERS = ("conv", "conv2d", {}), ("flat", "flatten", {}), ("out", "linear", {"out_features": 3})


def digit(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (1, 32, 32), dtype=np.uint8)


def trained(project, seed):
    network = randomised(project.document)
    arrays = {key: value.numpy() for key, value in random_state(network, seed).items()}
    return Project(project.document, project.data, weights=WeightSet.from_state(project.document, arrays))


@pytest.fixture
def view(qtbot, tmp_path):
    project = trained(lenet_project(), 1)
    state = InsightState(lambda: project, JobList())
    view = CompareView(state, RunStore(tmp_path / "runs"), lambda: starter_project(find_starter("lenet5")))
    qtbot.addWidget(view)
    view.resize(640, 640)
    view.show()
    yield view
    view.close_work()
    state.close()


def look(state, qtbot, seed=0):
    with qtbot.waitSignal(state.looked, timeout=20_000):
        state.show_pixels(f"digit {seed}", digit(seed))


def compared(view, qtbot, act):
    before = view.compared
    act()
    qtbot.waitUntil(lambda: view.compared is not None and view.compared is not before, timeout=20_000)
    return view.compared


def test_without_another_network_it_says_what_to_do(view, qtbot):
    look(view._state, qtbot)
    assert view.hint.isVisible() and view.hint.text().startswith("Choose a second network")
    assert not view.body.isVisible()


def test_both_opinions_are_shown_and_follow_the_image(view, qtbot):
    look(view._state, qtbot)
    found = compared(view, qtbot, view.choose.before.trigger)
    assert view.body.isVisible() and not view.hint.isVisible()
    assert view.there.title.text() == "LeNet-5 before training"
    assert "first weights" in view.there.note.text()
    here = opinion(view._state.look)
    assert view.here.bars.accessibleDescription().startswith(here.guesses[0].label)
    assert np.array_equal(view.here.picture.heat, here.heat)
    assert found.here.guesses != found.there.guesses
    assert not np.array_equal(view.there.picture.heat, here.heat)
    after = compared(view, qtbot, lambda: view._state.show_pixels("digit 5", digit(5)))
    assert np.array_equal(after.there.image, digit(5))
    grab(view, "inspect-compare")


def test_a_project_file_of_another_input_gets_the_same_image(view, qtbot, tmp_path):
    file = tmp_path / "Käfer.cnnstudio"
    save_project(file, trained(Project(chain((3, 20, 24), *LAYERS), DataSource()), 2))
    look(view._state, qtbot)
    found = compared(view, qtbot, lambda: view.choose.take_file(file))
    assert view.there.title.text() == "Käfer"
    assert found.there.image.shape == (3, 20, 24)
    assert "the network gets 24 × 20, RGB" in view.there.note.text()
    assert view.sentence.text().startswith(("Both say", "LeNet-5 says"))


def test_a_pre_trained_network_looks_too(view, qtbot):
    look(view._state, qtbot)
    found = compared(view, qtbot, lambda: view.choose.take_source("efficientnet_lite0"))
    assert found.there.image.shape == (3, 224, 224)
    assert len(found.there.guesses) == 5


def test_what_cannot_be_opened_is_said_and_another_can_be_chosen(view, qtbot, tmp_path):
    look(view._state, qtbot)
    view.choose.take_file(tmp_path / "gone.cnnstudio")
    qtbot.waitUntil(lambda: "gone.cnnstudio" in view.hint.text(), timeout=20_000)
    view.choose.take_source("no such network")
    qtbot.waitUntil(lambda: "no such network" in view.hint.text() and not view._line.is_busy, timeout=20_000)
    compared(view, qtbot, view.choose.before.trigger)


def test_the_page_looks_on_while_the_other_network_is_opened(view, qtbot):
    look(view._state, qtbot)
    may_go_on = threading.Event()

    def slowly():
        assert may_go_on.wait(20)
        return trained(lenet_project(), 3)

    view.compare_with(OtherNetwork("slow", slowly))
    look(view._state, qtbot, 4)
    assert "slow" in view.hint.text() and view.compared is None
    may_go_on.set()
    qtbot.waitUntil(
        lambda: view.compared is not None and np.array_equal(view.compared.there.image, digit(4)),
        timeout=20_000,
    )


def test_the_runs_to_choose_from_are_listed(view):
    view.choose.runs.aboutToShow.emit()
    (only,) = view.choose.runs.actions()
    assert only.text() == "No run has kept a network yet" and not only.isEnabled()


def test_drawing_never_waits_for_the_hand_to_rest(view, qtbot):
    """Strokes follow each other faster than two networks look; answers come meanwhile, and the last is of the last stroke."""
    state, pad = view._state, DrawPad()
    qtbot.addWidget(pad)
    look(state, qtbot)
    compared(view, qtbot, lambda: view.choose.take_source("efficientnet_lite0"))
    seen = []
    state.looked.connect(lambda: seen.append(state.look))
    answers = []
    end, at = time.monotonic() + 3, 0
    while time.monotonic() < end:
        at += 1
        pad.stroke(QPointF(40 + at % 200, 40), QPointF(41 + at % 200, 60 + at % 180))
        state.show(drawing_subject(pad.image))
        qtbot.wait(4)
        if view.compared is not None and view.compared not in answers:
            answers.append(view.compared)
    assert len(seen) >= 5
    assert len(answers) >= 2
    blank = QImage(pad.image.size(), QImage.Format.Format_RGB888)
    blank.fill(0)
    state.show(drawing_subject(blank))
    qtbot.waitUntil(
        lambda: view.compared is not None and not view.compared.there.image.any() and not view._line.is_busy,
        timeout=20_000,
    )
    assert not state.look.image.any()


def test_depths_go_from_the_first_to_the_last_layer_and_to_its_maps(qtbot):
    project = lenet_project()
    state = InsightState(lambda: project, JobList())
    view = DepthView(state)
    qtbot.addWidget(view)
    view.resize(560, 560)
    view.show()
    assert view.hint.isVisible()
    look(state, qtbot)
    qtbot.waitUntil(lambda: len(view.rows) == 4, timeout=10_000)
    assert view.rows[0].accessibleName() == "C1, 6×28×28, a cell sees 5 × 5 pixels, 2.4 %"
    grab(view, "inspect-depths")
    with qtbot.waitSignal(view.layer_wanted):
        view.rows[2].click()
    assert state.look.layers[state.layer].path == "C3"
    state.close()


def test_a_network_without_maps_has_no_depths(qtbot):
    project = Project(chain((1, 6, 6), *LAYERS[1:]), DataSource())
    state = InsightState(lambda: project, JobList())
    view = DepthView(state)
    qtbot.addWidget(view)
    view.show()
    with qtbot.waitSignal(state.looked, timeout=20_000):
        state.show_pixels("noise", digit()[:, :6, :6].copy())
    qtbot.waitUntil(lambda: "No layer of this network" in view.hint.text(), timeout=10_000)
    state.close()
