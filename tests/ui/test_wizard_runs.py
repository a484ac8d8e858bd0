"""The wizard's pages from What to transfer to Result, with a network small enough to run every strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from cnn_studio.app.jobs import JobList
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.cutting import Head
from cnn_studio.transfer.recipe import Strategy, load_recipe
from cnn_studio.ui.wizard.freeze_page import FreezePage
from cnn_studio.ui.wizard.page import WizardPage
from cnn_studio.ui.wizard.result_page import ResultPage
from cnn_studio.ui.wizard.run_page import RunPage
from cnn_studio.ui.wizard.source_page import SourcePage
from cnn_studio.ui.wizard.state import WizardState
from cnn_studio.ui.wizard.window import TransferWizard
from cnn_studio.ui.wizard.words import epoch_seconds, estimate
from tests.helpers.images import write_picture
from tests.helpers.ui import grab
from tests.helpers.wizard import saved_lenet

Page = TypeVar("Page", bound=WizardPage)


@pytest.fixture
def make_wizard(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], TransferWizard]]:
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    made: list[WizardState] = []

    def make() -> TransferWizard:
        window = TransferWizard(WizardState(JobList()))
        made.append(window.state)
        qtbot.addWidget(window)
        window.show()
        return window

    yield make
    for state in made:  # the windows were closed by now
        state.jobs.shut_down(20)


@pytest.fixture
def wizard(qtbot: QtBot, tmp_path: Path, make_wizard: Callable[[], TransferWizard]) -> TransferWizard:
    """The wizard with the digits chosen, and a saved LeNet-5 opened as the source."""
    window = make_wizard()
    window.state.choose_data(DataSource())
    qtbot.waitUntil(lambda: window.state.report is not None, timeout=20_000)
    source = shown(window, SourcePage)
    source.open_other(str(saved_lenet(tmp_path)))
    qtbot.waitUntil(lambda: window.state.has_network, timeout=20_000)
    return window


def shown(wizard: TransferWizard, kind: type[Page]) -> Page:
    page = wizard.page_of(kind)
    wizard.show_page(wizard.pages.index(page))
    assert isinstance(page, kind)
    assert wizard.page is page
    return page


def briefly(state: WizardState, strategy: Strategy, epochs: int = 2) -> None:
    settings = TrainSettings(epochs=epochs, optimizer="adam", learning_rate=0.003, batch_size=64)
    state.update(strategy=strategy, settings=settings)


def freeze(state: WizardState, *paths: str) -> None:
    ids = tuple(layer.id for layer in state.session.document.layers.values() if layer.path in paths)
    assert len(ids) == len(paths)
    state.session.push(SetTraining(ids=ids, trainable=False))


@pytest.mark.parametrize("strategy", ["softmax", "finetune", "gradual", "scratch"])
def test_every_way_ends_at_a_result_that_is_said(
    wizard: TransferWizard, qtbot: QtBot, strategy: Strategy
) -> None:
    state = wizard.state
    briefly(state, strategy)
    if strategy == "finetune":
        freeze(state, "C1", "S2")
    run = shown(wizard, RunPage)
    wizard.go_on()
    assert not wizard.next.isEnabled()
    qtbot.waitUntil(lambda: isinstance(wizard.page, ResultPage), timeout=60_000)
    result, outcome = wizard.page, state.outcome
    assert isinstance(result, ResultPage) and outcome is not None
    assert outcome.strategy == strategy
    assert outcome.finished.val_accuracy is not None
    assert f"{100 * outcome.finished.val_accuracy:.1f} %" in result.headline.text()
    assert outcome.project is not None and outcome.project.document.info.labels == tuple("0123456789")
    assert run.log.toPlainText().count("images to learn from") == 1
    if strategy == "finetune":
        assert "bit for bit" in result.proof.text()
        assert {move.path for move in outcome.moved if move.change == 0} >= {"C1", "S2"}
    grab(wizard, f"wizard-result-{strategy}")


def test_a_run_can_be_cancelled_and_run_again(wizard: TransferWizard, qtbot: QtBot) -> None:
    state = wizard.state
    briefly(state, "finetune", epochs=10_000)
    run = shown(wizard, RunPage)
    wizard.go_on()
    qtbot.waitUntil(lambda: "Epoch 1:" in run.log.toPlainText(), timeout=60_000)
    wizard.cancel.click()
    qtbot.waitUntil(lambda: not state.work.busy, timeout=20_000)
    assert not wizard.footer.isVisible()
    assert wizard.next.isEnabled()
    briefly(state, "softmax")
    shown(wizard, RunPage)
    wizard.go_on()
    qtbot.waitUntil(lambda: isinstance(wizard.page, ResultPage), timeout=60_000)
    assert state.outcome is not None and state.outcome.strategy == "softmax"


def test_all_ways_side_by_side_and_a_verdict(wizard: TransferWizard, qtbot: QtBot) -> None:
    state = wizard.state
    briefly(state, "finetune")
    state.set(compares=True)
    run = shown(wizard, RunPage)
    wizard.go_on()
    qtbot.waitUntil(lambda: isinstance(wizard.page, ResultPage), timeout=180_000)
    assert state.comparison is not None
    assert len(run.comparison.rows) == len(state.comparison.ways) == 5
    page = wizard.page
    assert isinstance(page, ResultPage) and page.verdict.text()
    grab(run.comparison, "wizard-comparison")


def test_marks_outlast_another_head_and_the_way_back(wizard: TransferWizard) -> None:
    state = wizard.state
    freeze(state, "C1", "C3")

    def frozen() -> set[str]:
        return {layer.path for layer in state.session.document.layers.values() if not layer.trainable}

    before = frozen()
    assert {"C1", "C3"} <= before
    num_layers = len(state.session.document.layers)
    state.update(head=Head(hidden=32, dropout=0.2))
    assert len(state.session.document.layers) > num_layers
    assert frozen() == before
    state.update(head=Head())
    assert frozen() == before


def test_a_recipe_is_saved_loaded_and_means_the_same(
    wizard: TransferWizard, qtbot: QtBot, tmp_path: Path, make_wizard: Callable[[], TransferWizard]
) -> None:
    state = wizard.state
    briefly(state, "finetune")
    freeze(state, "C1")
    file = tmp_path / "ways.json"
    run = shown(wizard, RunPage)
    run.save_to(file)
    wanted = state.final_recipe()
    assert load_recipe(file) == wanted
    assert "C1" in wanted.freeze
    other = make_wizard()
    page = other.page_of(RunPage)
    assert isinstance(page, RunPage)
    page.load_from(file)
    qtbot.waitUntil(lambda: other.state.has_network and not other.state.work.busy, timeout=20_000)
    assert other.state.final_recipe() == wanted
    shown(other, RunPage)


def test_a_damaged_recipe_changes_nothing(wizard: TransferWizard, tmp_path: Path) -> None:
    file = tmp_path / "ways.json"
    file.write_text('{"strategy": "guess"}')
    before = wizard.state.recipe
    run = shown(wizard, RunPage)
    run.load_from(file)
    assert wizard.state.recipe == before
    assert str(file) in run.notice.text


@pytest.mark.parametrize("ends", [False, True])
def test_closing_asks_while_a_run_goes_on(
    wizard: TransferWizard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    briefly(wizard.state, "finetune", epochs=10_000)
    run = shown(wizard, RunPage)
    wizard.go_on()
    qtbot.waitUntil(lambda: "Epoch 1:" in run.log.toPlainText(), timeout=60_000)
    role = QMessageBox.ButtonRole.AcceptRole if ends else QMessageBox.ButtonRole.RejectRole

    def answer(box: QMessageBox) -> int:
        next(button for button in box.buttons() if box.buttonRole(button) == role).click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    assert wizard.close() == ends
    assert wizard.isVisible() != ends
    if not ends:
        assert wizard.state.work.busy
        wizard.cancel.click()
    qtbot.waitUntil(lambda: not wizard.state.work.busy, timeout=20_000)


def test_the_source_is_tried_on_an_image_before_anything_is_transferred(
    wizard: TransferWizard, qtbot: QtBot, tmp_path: Path
) -> None:
    page = shown(wizard, SourcePage)
    assert page.attempt.isVisible()
    page.attempt.click()
    assert page.trial is not None and page.trial.isVisible()
    page.trial.try_file(write_picture(tmp_path / "image.png"))
    qtbot.waitUntil(lambda: page.trial.title.text().startswith("image.png: "), timeout=20_000)
    assert page.trial.bars.accessibleDescription().count("%") == 5


def test_the_freeze_tree_says_how_long_an_epoch_takes_and_less_where_more_is_frozen(
    wizard: TransferWizard, qtbot: QtBot
) -> None:
    page = shown(wizard, FreezePage)
    qtbot.waitUntil(lambda: wizard.state.speed.macs is not None, timeout=30_000)
    assert "an epoch" in page.tree.cost.text()
    speed = wizard.state.speed.macs
    assert speed is not None

    def seconds() -> float:
        found = epoch_seconds(wizard.state, speed)
        assert found is not None
        return found

    session = wizard.state.session
    session.push(SetTraining(ids=tuple(session.document.layers), trainable=True))
    before = seconds()
    freeze(wizard.state, "C1", "S2", "C3")
    assert 0 < seconds() < before


def test_every_way_says_how_long_it_takes(wizard: TransferWizard) -> None:
    state, seconds = wizard.state, dict[str, float]()
    for strategy in ("svm", "finetune", "gradual", "scratch"):
        briefly(state, strategy, epochs=10)
        found = estimate(state, 1e10)
        assert found is not None
        seconds[strategy] = found
    assert seconds["svm"] < seconds["gradual"] < seconds["scratch"]
    state.update(strategy="svm", head=Head(pooling="none"))
    assert (estimate(state, 1e10) or 0) >= seconds["svm"]
    state.set(compares=True)
    assert (estimate(state, 1e10) or 0) > seconds["scratch"]
    assert estimate(state, None) is None
