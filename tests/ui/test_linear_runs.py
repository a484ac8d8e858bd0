"""A linear classifier among the kept runs: what it has is shown, what it has not is greyed out and says why."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.app.project import starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.engine.events import RunFinished
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.panels.run_comparison import notes_text
from cnn_studio.ui.panels.run_curves import read_curves
from cnn_studio.ui.panels.runs_panel import RunsPanel
from cnn_studio.ui.panels.training_panel import TrainingPanel
from tests.helpers.runs_panel import add_run, cells, refresh, settle, shown_panel

PROOF = FreezeProof(62, 310, "3f2a" + "0" * 60, "3f2a" + "0" * 60)
BROKEN = FreezeProof(2, 5, "a" * 64, "b" * 64, ("layer1.0.bn1",))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture
def panel(qtbot: QtBot, store: RunStore) -> RunsPanel:
    return shown_panel(qtbot, store)


def add_linear(store: RunStore, proof: FreezeProof | None = PROOF) -> int:
    project = starter_project(find_starter("lenet5"))
    settings = {
        "strategy": "svm",
        "source": "efficientnet_lite0",
        "cut": "blocks.6",
        "pooling": "average",
        "code_size": 1280,
        "c": 0.01,
        "balanced": False,
        "seed": 3,
        "codes": "bfloat16",
    }
    recorder = store.start_linear(project, settings, time.time() - 3, device="CPU")
    recorder.finish(RunFinished("done", 0, 0.94, None, 120.0), project, proof, 3.2)
    return recorder.run


def test_it_shows_its_numbers_and_no_epochs(panel: RunsPanel, store: RunStore) -> None:
    run = add_linear(store)
    refresh(panel)
    shown = cells(panel, 0)
    assert shown[0] == str(run)
    assert shown[4:6] == ["–", "94.0 %"]
    assert shown[8:12] == ["Linear SVM, C = 0.01", "–", "–", "3"]
    assert "fitted on CNN codes at once, without epochs" in panel.comparison.loss._empty.text()
    notes = notes_text(read_curves(store, panel.model.runs[0]))
    assert "Linear SVM, C = 0.01, fitted on the codes that efficientnet_lite0 behind blocks.6 gives" in notes
    assert "Frozen: 310 tensors unchanged (SHA-256 3f2a0000…)" in notes
    table = panel.comparison.differences.text()
    for row in ("Strategy\tsvm", "Cut\tblocks.6", "Time\t0:03", "Frozen layers\tunchanged"):
        assert row in table
    assert "Training time" not in table
    assert "Epochs" not in table


def test_it_can_be_opened_and_what_it_has_not_says_why(panel: RunsPanel, store: RunStore) -> None:
    trained, linear = add_run(store), add_linear(store)
    refresh(panel)
    actions = panel.actions_
    assert panel.selected_run is not None
    assert panel.selected_run.id == linear
    assert actions.open.isEnabled()
    for action in (actions.repeat, actions.resume):
        assert not action.isEnabled()
        assert "fitted on CNN codes at once" in action.toolTip()
    for action in (actions.csv, actions.tensorboard):
        assert not action.isEnabled()
    assert "no curves to write" in actions._export_button.toolTip()
    assert all(one.isEnabled() for one in (actions.tick, actions.rename, actions.copy, actions.delete))
    panel.table.selectRow(1)
    settle(panel)
    assert panel.selected_run.id == trained
    assert actions.repeat.isEnabled()
    assert actions.csv.isEnabled()
    assert "same network" in actions.repeat.toolTip()
    panel.table.selectAll()
    assert actions.csv.isEnabled()
    assert [run.id for run in actions._with_curves()] == [trained]


def test_ticked_beside_a_trained_run_its_settings_are_compared(panel: RunsPanel, store: RunStore) -> None:
    runs = {add_run(store), add_linear(store)}
    refresh(panel)
    panel.model.tick(runs, on=True)
    settle(panel)
    assert "Validation accuracy\t94.00 %\t97.50 %" in panel.comparison.differences.text()


def test_a_run_whose_frozen_layers_changed_says_so_as_an_error(qtbot: QtBot) -> None:
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    side = panel.side
    assert side.frozen.isHidden()
    side.show_proof(PROOF)
    assert side.frozen.text() == "Frozen: 310 tensors unchanged (SHA-256 3f2a0000…)"
    assert side.frozen.property("role") == "small"
    side.show_proof(BROKEN)
    assert side.frozen.property("role") == "error"
    assert "changed: layer1.0.bn1" in side.frozen.text()
    panel.set_state("preparing")
    assert side.frozen.isHidden()
