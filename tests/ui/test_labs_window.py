"""The laboratories in the window: a prediction first, real runs, and what was seen in them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from cnn_studio.app.labs.lab import Findings, Lab
from cnn_studio.app.labs.registry import LABS, find_lab
from cnn_studio.app.labs.running import ArmFinished, ArmStarted
from cnn_studio.app.project import Project
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.ui.labs.bars import LabBars
from cnn_studio.ui.labs.numbers import value_text
from cnn_studio.ui.labs.page import verdict_text
from tests.helpers.lab_results import made_up
from tests.helpers.ui import grab
from tests.ui.test_main_window import window as window  # noqa: PLC0414 - a fixture is found by its name
from tests.ui.test_run_tools import trigger


@pytest.fixture
def labs(window):
    trigger(window, "labs")
    return window.tools.labs


def test_every_experiment_has_its_page_and_asks_before_it_runs(labs):
    assert [page.lab for page in labs.pages] == list(LABS)
    page = labs.page
    assert [button.text() for button in page.options.buttons()] == [o.text for o in page.lab.options]
    assert not page.run.isEnabled()
    page.start()
    assert not page.is_busy
    page.options.buttons()[0].click()
    assert page.run.isEnabled() and page.predicted == page.lab.options[0].id


def test_an_experiment_runs_says_what_was_seen_and_shows_its_runs(labs, window, qtbot):
    labs.show_lab("learning-rate")
    page = labs.page
    page.options.buttons()[1].click()
    page.run.click()
    assert page.is_busy and not page.run.isEnabled()
    assert labs._is_busy()
    qtbot.waitUntil(lambda: not page.is_busy, timeout=120_000)
    assert page.outcome is not None and page.outcome.findings is not None
    assert page.outcome.findings.came_true == "middle"
    assert page.verdict.text().startswith("As you expected")
    assert page.seen.text().count("\n") >= 2
    grab(labs, "laboratory")
    page.compare.click()
    runs = [one.run for one in page.outcome.results]
    qtbot.waitUntil(
        lambda: sorted(run.id for run in window.workspace.runs.model.ticked) == sorted(runs), timeout=10_000
    )
    assert window.workspace.tabs.currentWidget() is window.workspace.runs


@pytest.mark.parametrize("ends", [False, True])
def test_closing_asks_while_an_experiment_goes_on(labs, qtbot, monkeypatch, ends):
    labs.show_lab("vanishing-gradients")
    page = labs.page
    page.options.buttons()[0].click()
    page.run.click()
    qtbot.waitUntil(lambda: page.doing.text() != "", timeout=60_000)
    role = QMessageBox.ButtonRole.AcceptRole if ends else QMessageBox.ButtonRole.RejectRole

    def answer(box):
        next(button for button in box.buttons() if box.buttonRole(button) == role).click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    assert labs.close() == ends
    if not ends:
        assert page.is_busy
        page.cancel.click()
    qtbot.waitUntil(lambda: not page.is_busy, timeout=60_000)
    assert page.outcome is None or page.outcome.findings is None
    labs.close()


def finished(lab: Lab, at: int, right: float | None) -> ArmFinished:
    return ArmFinished(made_up(lab.arms[at].name, right, num_val=600))


def test_bars_grow_as_their_runs_end(labs):
    labs.show_lab("transfer-amount")
    page, lab = labs.page, find_lab("transfer-amount")
    bars = page.picture
    assert isinstance(bars, LabBars)
    plain = bars.grab().toImage()
    bars.take(ArmStarted(1, 6, lab.arms[0].name, Project(NetworkDocument())))
    started = bars.grab().toImage()
    assert started != plain, "the bar to come is marked"
    bars.take(finished(lab, 0, 0.87))
    bars.take(finished(lab, 1, None))
    assert list(bars.results) == [lab.arms[0].name], "a run without a result has no bar"
    assert bars.accessibleDescription() == f"{lab.arms[0].name} 87.0 %"
    assert bars.grab().toImage() != started
    bars.clear()
    assert bars.grab().toImage() == plain


def test_images_of_ones_own_can_be_chosen_only_where_they_are_of_use(labs, window, tmp_path):
    labs.show_lab("pooling")
    assert not labs.page.images.isVisible()
    labs.show_lab("negative-transfer")
    images = labs.page.images
    assert images.isVisible()
    assert images.choice == DataSource()
    images.take_folder(tmp_path)
    assert images.choice == tmp_path
    assert str(tmp_path) in images.box.itemData(images.box.currentIndex(), Qt.ItemDataRole.ToolTipRole)
    labs.close()
    own = DataSource(kind="folder", folder="photographs")
    window.session.set_data(own)
    trigger(window, "labs")
    assert images.choice == tmp_path, "what was chosen stays"
    images.box.setCurrentIndex(1)
    assert images.choice == own


def test_a_folder_without_images_is_refused_in_words(labs, qtbot, tmp_path):
    labs.show_lab("negative-transfer")
    page = labs.page
    page.images.take_folder(tmp_path)
    page.options.buttons()[0].click()
    page.run.click()
    assert not page.images.isEnabled()
    qtbot.waitUntil(lambda: not page.is_busy, timeout=60_000)
    assert page.notice.isVisible()
    assert tmp_path.name in page.notice.text
    assert page.outcome is None
    assert page.images.isEnabled()


def test_an_experiment_on_transfer_can_be_cancelled_while_codes_are_computed(labs, qtbot):
    labs.show_lab("negative-transfer")
    page = labs.page
    page.options.buttons()[1].click()
    page.run.click()
    qtbot.waitUntil(lambda: "Computing CNN codes" in page.doing.text(), timeout=60_000)
    page.cancel.click()
    qtbot.waitUntil(lambda: not page.is_busy, timeout=10_000)
    assert page.outcome is not None and page.outcome.findings is None
    assert "stays open" in page.verdict.text()


def test_the_verdict_compares_with_the_prediction():
    lab = find_lab("learning-rate")
    came = Findings("middle", ("seen",))
    assert verdict_text(lab, came, "middle") == "As you expected: at 0.1."
    assert verdict_text(lab, came, "small") == "At 0.1. You expected: at 0.002."
    assert "do not decide" in verdict_text(lab, Findings("", ()), "small")
    assert "stays open" in verdict_text(lab, None, "small")


def test_shares_are_shown_in_per_cent():
    assert value_text("validation accuracy", 0.983) == "98.3 %"
    assert value_text("gradient of the first block", 1.4e-7) == "1.4 × 10⁻⁷"
