"""The transfer wizard: pages that read and write one state, from images to a classifier."""

from __future__ import annotations

import pytest

from cnn_studio.app.jobs import JobList
from cnn_studio.app.project import load_project
from cnn_studio.ui.wizard.cut_page import CutPage
from cnn_studio.ui.wizard.data_page import DataPage
from cnn_studio.ui.wizard.result_page import ResultPage
from cnn_studio.ui.wizard.run_page import RunPage
from cnn_studio.ui.wizard.source_page import SourcePage
from cnn_studio.ui.wizard.state import WizardState
from cnn_studio.ui.wizard.window import TransferWizard


@pytest.fixture
def wizard(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    window = TransferWizard(WizardState(JobList()))
    qtbot.addWidget(window)
    window.show()
    yield window
    window.state.work.drop()
    window.state.jobs.shut_down(20)


def _show(window, kind):
    page = window.page_of(kind)
    window.show_page(window.pages.index(page))
    return page


def test_pages_that_lack_an_answer_hold_back_those_behind(wizard):
    _show(wizard, ResultPage)
    assert isinstance(wizard.page, DataPage)
    assert not wizard.next.isEnabled()
    assert wizard.reason.text() == "Choose images first."


@pytest.mark.slow
def test_from_a_folder_to_a_classifier_that_is_saved(wizard, qtbot, tmp_path, test_data):
    state = wizard.state
    _show(wizard, DataPage).take_path(test_data("hymenoptera"))
    qtbot.waitUntil(lambda: state.report is not None, timeout=60_000)
    assert state.classes == ("ants", "bees")
    _show(wizard, SourcePage)
    qtbot.waitUntil(lambda: state.opened is not None and not state.work.busy, timeout=120_000)
    cut = _show(wizard, CutPage)
    cut.cut_at(0.5)
    half = state.recipe.cut
    assert half
    _show(wizard, DataPage)
    _show(wizard, CutPage)
    assert state.recipe.cut == half
    cut.cut_at(1.0)
    assert state.recipe.cut == ""
    _show(wizard, RunPage)
    wizard.go_on()
    qtbot.waitUntil(lambda: state.outcome is not None and not state.work.busy, timeout=200_000)
    assert state.outcome.finished.val_accuracy > 0.9
    assert state.outcome.proof.holds
    result = _show(wizard, ResultPage)
    file = tmp_path / "ants and bees.cnnstudio"
    result.save_to(file)
    saved = load_project(file)
    assert saved.document.info.labels == ("ants", "bees")
    assert len(saved.weights)
