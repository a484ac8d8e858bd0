"""What the wizard does with answers that change: nothing of an earlier one stays, and what is missing is said at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from cnn_studio.app.jobs import Job, Progress
from cnn_studio.app.run_summary import RunSummary
from cnn_studio.app.transferring import TransferOutcome
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.events import RunFinished
from cnn_studio.engine.predict import Guess
from cnn_studio.graph.depths import last_of_blocks
from cnn_studio.transfer.card import ALWAYS_HERE
from cnn_studio.transfer.sources import find_source
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.guess_bars import GuessBars
from cnn_studio.ui.wizard.cost_chart import CostChart
from cnn_studio.ui.wizard.cut_page import CutPage
from cnn_studio.ui.wizard.data_page import DataPage
from cnn_studio.ui.wizard.result_page import ResultPage
from cnn_studio.ui.wizard.run_page import RunPage
from cnn_studio.ui.wizard.source_work import run_text
from cnn_studio.ui.wizard.window import TransferWizard
from cnn_studio.ui.wizard.words import recipe_words
from tests.helpers.images import write_classes, write_picture
from tests.helpers.ui import grab
from tests.helpers.wizard import lenet_project
from tests.ui.test_wizard_advice import show, state_of, with_network
from tests.ui.test_wizard_runs import briefly, shown
from tests.ui.test_wizard_runs import make_wizard as make_wizard  # noqa: PLC0414 - found by its name
from tests.ui.test_wizard_runs import wizard as wizard  # noqa: PLC0414 - found by its name


def run(wizard: TransferWizard, qtbot: QtBot) -> ResultPage:
    shown(wizard, RunPage)
    wizard.go_on()
    qtbot.waitUntil(lambda: isinstance(wizard.page, ResultPage), timeout=60_000)
    page = wizard.page
    assert isinstance(page, ResultPage)
    return page


def test_what_an_earlier_classifier_said_is_taken_back(
    wizard: TransferWizard, qtbot: QtBot, tmp_path: Path
) -> None:
    briefly(wizard.state, "softmax")
    trial = run(wizard, qtbot).trial
    assert not trial.bars.isVisible()
    trial.try_file(write_picture(tmp_path / "images" / "a.png"))
    qtbot.waitUntil(lambda: "%" in trial.bars.accessibleDescription(), timeout=20_000)
    briefly(wizard.state, "svm")
    run(wizard, qtbot)
    qtbot.waitUntil(lambda: "margin" in trial.bars.accessibleDescription(), timeout=20_000)

    write_picture(tmp_path / "images" / "b.png", seed=1)
    trial.try_paths([tmp_path / "images"])
    qtbot.waitUntil(lambda: trial.note.text().startswith("2 images"), timeout=20_000)
    briefly(wizard.state, "softmax")
    page = run(wizard, qtbot)
    assert not trial.several.tried and not trial.list.isVisible()
    assert trial.bars.accessibleDescription() == "" and trial.note.text() == ""
    grab(page, "wizard-result-renewed")


def test_one_image_per_class_is_said_before_a_run(qtbot: QtBot, tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "images", {"ants": 1, "bees": 1})
    page = show(qtbot, DataPage, state_of(DataSource(kind="folder", folder=str(folder))))
    assert "none can be held out for validation" in page.problem()


def test_the_files_of_a_finding_can_be_looked_at(qtbot: QtBot, tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "images", {"ants": 12, "bees": 12})
    (folder / "ants" / "notes.jpg").write_text("no image")
    page = show(qtbot, DataPage, state_of(DataSource(kind="folder", folder=str(folder))))
    assert isinstance(page, DataPage)
    finding = next(one for one in page.state.report.findings if one.code == "unreadable")  # type: ignore[union-attr]
    page._show_files(finding)
    assert page.files.isVisible() and page.files.chosen == ("ants/notes.jpg",)
    page.files.back.click()
    assert page.pictures.isVisible()


def test_dropout_comes_and_goes_with_the_hidden_layer(qtbot: QtBot) -> None:
    page = show(qtbot, CutPage, with_network(state_of(DataSource())))
    assert isinstance(page, CutPage)
    page.deep.click()
    assert page.state.recipe.head.dropout == 0.2
    page.linear.click()
    assert page.state.recipe.head.dropout == 0.0
    page.deep.click()
    page.dropout.setValue(0.4)
    page.linear.click()
    assert page.state.recipe.head.dropout == 0.4
    assert "dropout" not in dict(recipe_words(page.state))["Head"]  # fitted at once: nothing is dropped
    page.state.update(strategy="finetune")
    assert "dropout 0.4" in dict(recipe_words(page.state))["Head"]
    assert "AdamW" in dict(recipe_words(page.state))["Training"]


@pytest.mark.parametrize("share", [0.75, 0.5, 0.25])
def test_quick_cuts_lie_at_the_ends_of_blocks(qtbot: QtBot, share: float) -> None:
    page = show(qtbot, CutPage, with_network(state_of(DataSource())))
    assert isinstance(page, CutPage)
    page.cut_at(share)
    cut = page.state.cut()
    assert cut in last_of_blocks(page.state.cuts())
    assert cut is not None and abs(cut.position - share) < 0.15


def test_long_codes_are_not_cut_off(qtbot: QtBot) -> None:
    page = show(qtbot, CutPage, with_network(state_of(DataSource())))
    assert isinstance(page, CutPage)
    page.pooled.click()
    longest = f"{max(cut.code_size('none') for cut in page.model.cuts):,}"
    assert page.table.columnWidth(3) > page.table.fontMetrics().horizontalAdvance(longest)


def test_kept_runs_are_told_apart() -> None:
    kept = RunSummary(3, "resnet18", 0.0, "done", 2, 0.951, None, None, {}, {"folder": "/photos/insects"})
    assert run_text(kept) == "3: resnet18 on insects, 95.1 % right"
    fresh = RunSummary(1, "lenet", 0.0, "stopped", None, None, None, None, {}, {"kind": "digits"})
    assert run_text(fresh) == "1: lenet"


def test_margins_have_room_in_bold(qtbot: QtBot) -> None:
    bars = GuessBars()
    qtbot.addWidget(bars)
    bars.show_guesses((Guess(0, "ants", 11.25, "margins"), Guess(1, "bees", -11.25, "margins")))
    bold = QFontMetrics(theme.ui_font(weight=theme.current().type.strong))
    assert bars._value_width() > bold.horizontalAdvance(bars._guesses[0].text)


def test_costs_are_written_out(qtbot: QtBot) -> None:
    chart = CostChart()
    qtbot.addWidget(chart)
    chart.set_cards([find_source(ALWAYS_HERE)], ())
    axis = chart._plot.getPlotItem().getAxis("bottom")
    assert axis.logTickStrings([-1.0, 0.0, 1.0, 3.0], 1.0, 1.0) == ["0.1", "1", "10", "1,000"]


def test_a_run_that_was_stopped_before_its_first_validation_has_no_result(wizard: TransferWizard) -> None:
    page = shown(wizard, RunPage)
    ended = RunFinished("stopped", 0, None, None, 0.0, "")
    page._take(TransferOutcome("finetune", ended, 1.0, project=lenet_project()))
    assert wizard.state.outcome is None
    assert "Stopped before there was a result" in page.notice.text


def test_ending_is_said_until_it_is_done(wizard: TransferWizard, qtbot: QtBot) -> None:
    may_end = threading.Event()
    line = wizard.state.work.line(wizard)

    def work(job: Job) -> None:
        job.report(Progress("Working", 1, 2))
        may_end.wait(20)

    line.start("Working", work)
    qtbot.waitUntil(lambda: wizard.doing.text() == "Working: 1 of 2", timeout=5_000)
    wizard.cancel.click()
    assert wizard.doing.text().startswith("Ending") and not wizard.cancel.isEnabled()
    may_end.set()
    qtbot.waitUntil(lambda: not wizard.footer.isVisible(), timeout=5_000)
    assert wizard.cancel.isEnabled()
