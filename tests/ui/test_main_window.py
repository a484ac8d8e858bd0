"""The whole window: real documents, real runs, real files; only the screen is missing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import load_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.graph.commands import RemoveLink, SetParams, SetTraining
from cnn_studio.ui.main_window import MainWindow
from tests.helpers.ui import events


@pytest.fixture
def window(qtbot, tmp_path):
    window = MainWindow(Session(), Preferences(), RunStore(tmp_path / "runs"))
    qtbot.addWidget(window, before_close_func=leave)
    window.show()
    qtbot.waitUntil(lambda: window.loader.is_ready, timeout=60_000)
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=20_000)
    return window


def leave(window):
    window.training.shut_down(20)
    window._refresh_timer.stop()
    window.session.stack.mark_clean()
    window.session._extras_modified = False


def settings(window, **values):
    panel = window.workspace.training
    panel.set_settings(panel.settings().model_copy(update=values))


def test_the_first_start_is_valid_and_ready(window):
    assert window.windowTitle().startswith("LeNet-5")
    assert window.session.report().problems == ()
    assert window.actions_.all["train"].isEnabled()
    assert not window.actions_.all["stop"].isEnabled()
    assert "61,750 parameters" in window.status._numbers.text()
    assert "0.42 M MAC" in window.status._numbers.text()


def test_the_keys_of_the_canvas_are_at_hand(window):
    assert window.focusWidget() is window.workspace.canvas, "arrow keys walk along the wires from the start"
    window.workspace.palette_.focus_search()
    window.actions_.all["show_network"].trigger()
    assert window.focusWidget() is window.workspace.canvas


def test_the_reason_against_training_names_the_layer_once(window):
    document = window.session.document
    link = document.inputs_of(document.layer_at("C3").id)[0]
    window.session.push(RemoveLink(source=link.source, target=link.target, port=link.port))
    window.refresh()
    assert window._why_not_ready().startswith("C3 has no input.")


def test_train_pause_resume_stop_and_keep(window, qtbot):
    settings(window, epochs=200, batch_size=256)
    window.actions_.all["train"].trigger()
    panel = window.workspace.training
    qtbot.waitUntil(lambda: panel.state == "running", timeout=30_000)
    assert "next" in window.actions_.all["train"].toolTip(), "another run would wait for this one"
    window.actions_.all["pause"].trigger()
    qtbot.waitUntil(lambda: panel.state == "paused", timeout=10_000)
    assert window.actions_.all["pause"].text() == "Continue"
    window.actions_.all["pause"].trigger()
    qtbot.waitUntil(lambda: panel.state == "running", timeout=10_000)
    with qtbot.waitSignal(window.training.outcome, timeout=20_000) as ended:
        window.actions_.all["stop"].trigger()
    assert ended.args[0].finished.status == "stopped"
    qtbot.waitUntil(lambda: not window.training.is_training, timeout=5000)
    assert window.session.has_fitting_weights
    assert window.actions_.all["train"].isEnabled()


def test_a_run_fills_results_runs_and_the_file(window, qtbot, tmp_path):
    settings(window, epochs=20)  # with seed 0 the best epoch is not the last one
    with qtbot.waitSignal(window.training.outcome, timeout=60_000) as ended:
        window.runs.train()
    outcome = ended.args[0]
    assert outcome.finished.status == "done" and outcome.run == 1
    qtbot.waitUntil(lambda: not window.training.is_training, timeout=5000)
    assert outcome.finished.epoch < 20
    right = round(outcome.finished.val_accuracy * 359)
    window.workspace.tabs.setCurrentWidget(window.workspace.samples)
    events()
    assert window.workspace.samples.summary.startswith(f"{right} of 359 right"), (
        "of the weights that are kept"
    )
    window.session.save(tmp_path / "trained.cnnstudio")
    again = load_project(tmp_path / "trained.cnnstudio")
    assert len(again.weights) and again.document.info.preprocessing.mean is not None
    assert not window.session.is_modified


def test_a_run_with_frozen_layers_says_that_they_stayed(window, qtbot):
    line = window.workspace.training.side.frozen
    settings(window, epochs=1)
    document = window.session.document
    window.session.push(SetTraining(ids=(document.layer_at("C1").id,), trainable=False))
    with qtbot.waitSignal(window.training.outcome, timeout=60_000) as ended:
        window.runs.train()
    proof = ended.args[0].frozen_proof
    assert proof.holds and proof.num_tensors == 2
    assert line.text() == f"Frozen: 2 tensors unchanged (SHA-256 {proof.before[:8]}…)"
    assert line.isVisible()
    qtbot.waitUntil(lambda: not window.training.is_training, timeout=5000)
    window.session.push(SetTraining(ids=(document.layer_at("C1").id,), trainable=True))
    with qtbot.waitSignal(window.training.outcome, timeout=60_000):
        window.runs.train()
    assert not line.isVisible()


def test_an_error_disables_train_and_says_why(window, qtbot):
    document = window.session.document
    window.session.push(SetParams(id=document.layer_at("C1").id, changes={"kernel_size": (40, 40)}))
    qtbot.waitUntil(lambda: not window.actions_.all["train"].isEnabled(), timeout=2000)
    assert "C1" in window.actions_.all["train"].toolTip()
    assert "1 error" in window.status._problems.text()
    window.runs.train()
    assert not window.training.is_training
    window.actions_.all["undo"].trigger()
    qtbot.waitUntil(window.actions_.all["train"].isEnabled, timeout=2000)


def test_a_folder_that_cannot_be_used_is_said_and_the_window_goes_on(window, qtbot, tmp_path):
    from cnn_studio.datasets.records import DataSource

    with qtbot.waitSignal(window.training.data_failed, timeout=20_000) as failed:
        window.workspace.source_chosen.emit(DataSource(kind="folder", folder=str(tmp_path)))
    assert str(tmp_path) in failed.args[0]
    qtbot.waitUntil(lambda: not window.training.jobs.busy, timeout=5000)
    window.workspace.source_chosen.emit(DataSource())
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=20_000)


def test_unsaved_changes_are_asked_about(window, qtbot):
    window.session.push(SetParams(id=window.session.document.layer_at("C1").id, changes={"out_channels": 7}))
    asked = []

    def answer():
        box = QApplication.activeModalWidget()
        asked.append(box.text())
        box.button(QMessageBox.StandardButton.Cancel).click()

    QTimer.singleShot(200, answer)
    assert not window.close()
    assert "LeNet-5" in asked[0] and window.isVisible()


def test_a_file_that_is_no_project_is_said_and_nothing_is_lost(window, tmp_path):
    file = tmp_path / "x.cnnstudio"
    file.write_text("nonsense")
    window.files.open(file)
    events()
    assert str(file) in window.workspace._message.label.text()
    assert window.session.document.info.name == "LeNet-5"


def test_another_starter_replaces_document_and_settings(window, qtbot):
    window.files.new("small-cnn")
    events()
    assert window.session.document.info.name == "Small CNN"
    assert window.workspace.training.settings().epochs == 15
    assert not window.session.is_modified
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=20_000)
    assert window.training.data.train.images.shape[2:] == (28, 28)


def test_theme_switches_live(window):
    from cnn_studio.ui import theme

    window.set_theme("dark")
    events()
    assert theme.current().is_dark
    window.set_theme("light")
    assert not theme.current().is_dark


def test_a_run_of_another_project_leaves_this_ones_weights_alone(window, qtbot):
    settings(window, epochs=200, batch_size=256)
    window.runs.train()
    qtbot.waitUntil(lambda: window.workspace.training.state == "running", timeout=30_000)
    window.session.stack.mark_clean()
    window.session._extras_modified = False
    window.files.new("mlp")
    with qtbot.waitSignal(window.training.outcome, timeout=20_000) as ended:
        window.actions_.all["stop"].trigger()
    assert ended.args[0].project is not None
    qtbot.waitUntil(lambda: not window.training.is_training, timeout=5000)
    assert window.session.document.info.name == "Multilayer perceptron"
    assert len(window.session.weights) == 0 and not window.session.is_modified


def test_stopping_at_once_keeps_the_good_weights(window, qtbot):
    settings(window, epochs=1)
    with qtbot.waitSignal(window.training.outcome, timeout=60_000):
        window.runs.train()
    qtbot.waitUntil(lambda: not window.training.is_training, timeout=5000)
    good = window.session.weights
    settings(window, epochs=50, batch_size=8)
    with qtbot.waitSignal(window.training.outcome, timeout=60_000) as ended:
        window.runs.train()
        window.training.stop()
    assert ended.args[0].finished.epoch == 0
    assert window.session.weights is good


def test_images_that_come_late_are_not_taken_for_others(window, qtbot):
    document = window.session.document
    entry = document.layer_at("input").id
    window.session.push(SetParams(id=entry, changes={"height": 36, "width": 36}))
    window.training.load()
    window.session.push(SetParams(id=entry, changes={"height": 40, "width": 40}))
    window.training.load()
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=20_000)
    assert window.training.data.train.images.shape[2:] == (40, 40)


def test_a_wrong_folder_gives_the_images_before_back(window, qtbot, tmp_path):
    from cnn_studio.datasets.records import DataSource

    before = window.session.data
    with qtbot.waitSignal(window.training.data_failed, timeout=20_000):
        window.workspace.source_chosen.emit(DataSource(kind="folder", folder=str(tmp_path)))
    assert window.session.data == before
    assert "kept" in window.workspace._message.label.text()
    assert window.actions_.all["train"].isEnabled()


def test_a_start_from_weights_that_are_not_there_is_refused_before(window, qtbot):
    settings(window, start="trained")
    qtbot.waitUntil(lambda: not window.actions_.all["train"].isEnabled(), timeout=2000)
    assert "no trained weights" in window.actions_.all["train"].toolTip()
    settings(window, start="new")
    qtbot.waitUntil(window.actions_.all["train"].isEnabled, timeout=2000)
