"""The laboratories in the window: a prediction first, real runs, and what was seen in them."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QMessageBox

from cnn_studio.app.labs.lab import Findings
from cnn_studio.app.labs.registry import LABS, find_lab
from cnn_studio.ui.labs.numbers import value_text
from cnn_studio.ui.labs.page import verdict_text
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
