"""The page Explore: a map of the answers of now, what is wrong on it, and when it is out of date."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from cnn_studio.app.jobs import JobList
from cnn_studio.app.project import Project
from cnn_studio.app.sources import OpenedSource
from cnn_studio.app.training import load_data
from cnn_studio.app.transferring import Prepared, run_transfer
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.report import make_report
from cnn_studio.engine.control import RunControl
from cnn_studio.graph.cutting import find_cut, shapes_of
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.wizard.explore_page import ExplorePage
from cnn_studio.ui.wizard.likeness_box import LikenessBox
from cnn_studio.ui.wizard.running import Kept, key_of
from cnn_studio.ui.wizard.state import WizardState
from tests.helpers.ui import events, grab
from tests.helpers.wizard import lenet_project


def with_digits(state: WizardState) -> Prepared:
    """Give a state a LeNet-5 of random weights as the source, and the embedded digits, in memory."""
    project = lenet_project()
    state.choose_data(DataSource())
    state.set(report=make_report(DataSource()))
    state.take_source("lenet5", None, OpenedSource(project, "LeNet-5"))
    data = load_data(project, lambda event: None, RunControl())
    prepared = Prepared("LeNet-5", project, find_cut(shapes_of(project.document)), data)
    state.kept = Kept(key_of(state.recipe), prepared)
    return prepared


def make_page(qtbot: QtBot) -> ExplorePage:
    state = WizardState(JobList())
    page = ExplorePage(state)
    state.setParent(page)
    qtbot.addWidget(page)
    page.resize(860, 560)
    page.show()
    page.enter()
    events()
    return page


def test_without_images_there_is_no_map_to_compute(qtbot: QtBot) -> None:
    page = make_page(qtbot)
    assert not page.start.isEnabled() and "first" in page.where.text()
    assert page.problem() == ""  # one may pass over it


@pytest.mark.slow
def test_the_map_is_of_the_answers_and_marks_what_the_classifier_got_wrong(qtbot: QtBot) -> None:
    page = make_page(qtbot)
    state, prepared = page.state, with_digits(page.state)
    assert page.start.isEnabled()
    page.start.click()
    assert [job.title for job in state.work.busy] == ["Computing the map of the codes"]
    qtbot.waitUntil(lambda: not state.work.busy, timeout=120_000)
    found = page.view.exploration
    assert found is not None and len(found) == len(prepared.data.train) + len(prepared.data.val)
    assert found.cut in page.where.text() and not page.start.isVisible()
    assert "wrongly" not in page.view.canvas.header.text
    state.update(strategy="svm")
    outcome = run_transfer(state.final_recipe(), lambda event: None, RunControl(), prepared=prepared)
    state.set(outcome=outcome, ran=state.answers())
    wrong = round((1 - (outcome.finished.val_accuracy or 0)) * len(prepared.data.val))
    predictions = page.view._predictions
    assert predictions is not None
    assert (predictions != found.labels)[found.is_val].sum() == wrong
    assert "classified wrongly" in page.view.canvas.header.text
    grab(page, "wizard-explore")
    earlier = next(cut for cut in state.cuts() if cut.path != found.cut)
    state.update(cut=earlier.path)
    assert "changed since" in page.where.text()
    page.start.click()
    qtbot.waitUntil(lambda: not state.work.busy, timeout=120_000)
    again = page.view.exploration
    assert again is not None and again.cut == earlier.path and not page.start.isVisible()
    assert "wrongly" not in page.view.canvas.header.text  # the classifier is of other codes


def test_another_network_can_be_chosen_to_measure_with(qtbot: QtBot) -> None:
    page = make_page(qtbot)
    box = LikenessBox(page.state, page)
    box.show()
    assert not box.ruler.isVisible()
    page.state.take_source(
        "resnet18", None, OpenedSource(Project(find_starter("resnet18").build()), "ResNet-18")
    )
    assert [box.ruler.itemText(at) for at in range(box.ruler.count())] == ["EfficientNet-Lite0", "ResNet-18"]
    box.ruler.setCurrentIndex(1)
    page.state.refresh()
    assert box.ruler.currentText() == "ResNet-18"  # showing the state again does not take the choice back
