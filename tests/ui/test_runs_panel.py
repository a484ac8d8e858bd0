import csv
import sqlite3
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox

from cnn_studio.app.project import load_project, starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.core.errors import StorageError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.events import BatchDone, EpochDone, RateChanged, RunFinished
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.panels.reader import Reader
from cnn_studio.ui.panels.runs_panel import RunsPanel
from tests.helpers.ui import as_array, events, grab


def add_run(store, starter="lenet5", accuracy=0.975, status="done", steps=60, seed=0, data=None, keep=True):
    project = starter_project(find_starter(starter))
    settings = project.settings.model_copy(update={"seed": seed, "epochs": 3})
    project = replace(project, settings=settings, data=data or DataSource())
    recorder = store.start(project)
    nothing = np.zeros(0)
    for step in range(1, steps + 1):
        recorder.add(BatchDone(step, 1, 2.3 / step**0.5 + 0.2 * (step % 3 == 0), 0.5, 0.01, step * 0.01))
    if steps:
        recorder.add(RateChanged(steps // 2, 0.001))
        recorder.add(EpochDone(1, steps, 1.0, 0.5, 0.9, accuracy, True, 1.0, nothing, nothing))
    end = RunFinished(status, 1 if steps else 0, accuracy, None, 12_345.6)
    recorder.finish(end, project if keep else None)
    return recorder.run


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs with space")


@pytest.fixture
def panel(qtbot, store):
    made = RunsPanel(store)
    qtbot.addWidget(made)
    made.resize(1400, 260)
    made.show()
    events()
    return made


def settle(panel):
    """Wait until what was asked of the store has been shown."""
    end = time.monotonic() + 10
    while panel._runs_reader.is_busy or panel._curves_reader.is_busy or panel._curve_timer.isActive():
        assert time.monotonic() < end
        QApplication.processEvents()
        time.sleep(0.002)
    panel.comparison.loss._clock.tick()
    events()


def refresh(panel):
    panel.refresh()
    settle(panel)


def cells(panel, row):
    model = panel.table.model()
    return [model.index(row, column).data() for column in range(model.columnCount())]


def test_nothing_is_read_before_it_is_asked_for(panel, store, tmp_path):
    add_run(store)
    events()
    assert panel.model.rowCount() == 0
    assert "Press Train" in panel._empty.text()
    assert panel._empty.isVisible()


def test_an_empty_store_makes_no_file(panel, tmp_path):
    refresh(panel)
    assert panel._empty.isVisible()
    assert not (tmp_path / "runs with space").exists()


def test_the_latest_run_comes_first_with_all_its_numbers(panel, store):
    add_run(store)
    add_run(store, "mlp", 0.9, "stopped", seed=7, data=DataSource(kind="mnist", folder="/data/mnist"))
    refresh(panel)
    shown = cells(panel, 0)
    assert shown[:2] == ["2", "Multilayer perceptron"]
    assert shown[3:] == [
        "stopped", "1 of 3", "90.0 %", "–", "12,346", "Adam", "0.002", "64", "7", "MNIST",
    ]  # fmt: skip
    tip = panel.table.model().index(0, 12).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "MNIST in /data/mnist"
    assert cells(panel, 1)[1] == "LeNet-5"
    assert panel.selected_run.id == 2


def test_headings_sort(panel, store):
    for accuracy in (0.5, 0.99, 0.7):
        add_run(store, accuracy=accuracy)
    add_run(store, accuracy=None, status="failed", steps=0, keep=False)
    refresh(panel)
    panel.table.sort_by(5)
    assert [cells(panel, row)[5] for row in range(4)] == ["99.0 %", "70.0 %", "50.0 %", "–"]
    panel.table.sort_by(5)
    assert cells(panel, 0)[5] == "–"
    panel.table.sort_by(0)
    assert [cells(panel, row)[0] for row in range(4)] == ["4", "3", "2", "1"]


def test_a_refresh_keeps_the_selected_run(panel, store):
    first = add_run(store)
    add_run(store)
    refresh(panel)
    panel.table.selectRow(1)
    assert panel.selected_run.id == first
    add_run(store)
    refresh(panel)
    assert panel.selected_run.id == first


def test_the_trained_network_opens(panel, store, qtbot):
    run = add_run(store, "small-cnn")
    refresh(panel)
    with qtbot.waitSignal(panel.open_requested, timeout=500) as caught:
        panel.actions_.open.trigger()
    assert caught.args == [store.project_file(run)]
    assert load_project(caught.args[0]).document.info.name == "Small CNN"
    with qtbot.waitSignal(panel.open_requested, timeout=500):
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)


def test_a_run_without_a_network_says_why(panel, store, qtbot):
    add_run(store, steps=0, status="failed", accuracy=None, keep=False)
    refresh(panel)
    assert not panel.actions_.open.isEnabled()
    assert "kept no network" in panel.actions_.open.toolTip()
    with qtbot.assertNotEmitted(panel.open_requested):
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert panel.comparison.loss.data.is_empty
    assert "no curve" in panel.comparison.loss._empty.text()


def test_copying_a_row(panel, store, qtbot):
    add_run(store)
    refresh(panel)
    panel.copy()
    heads, row = (line.split("\t") for line in QGuiApplication.clipboard().text().strip("\n").split("\n"))
    found = dict(zip(heads, row, strict=True))
    assert found["Validation"] == "0.975"
    assert found["Images/s"] == "12345.6"
    assert found["Name"] == "LeNet-5"


def test_a_damaged_store_is_said(panel, store, tmp_path):
    folder = tmp_path / "runs with space"
    folder.mkdir()
    (folder / "runs.sqlite").write_bytes(b"this is no database, " * 100)
    refresh(panel)
    assert "cannot be used" in panel._empty.text()
    assert panel._empty.isVisible()


def test_rows_of_other_versions_still_show(panel, store, tmp_path):
    add_run(store)
    with sqlite3.connect(tmp_path / "runs with space" / "runs.sqlite") as connection:
        connection.execute("""UPDATE runs SET settings = '{"new": 1}', data = '{"kind": "cloud"}'""")
    connection.close()
    refresh(panel)
    assert cells(panel, 0)[8:] == ["", "–", "–", "–", "cloud"]
    assert TrainSettings().epochs  # the settings of today have what the row lacks


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 1000])
def test_pictures(panel, store, mode, width):
    theme.manager().set_mode(mode)
    panel.resize(width, 260)
    grab(panel, f"runs-empty-{mode}-{width}")
    for n in range(6):
        add_run(store, accuracy=0.95 + 0.005 * n, seed=n, steps=300)
    add_run(store, "mlp", None, "failed", steps=0, keep=False)
    folder = DataSource(kind="folder", folder="/home/someone/pictures/hymenoptera")
    add_run(store, "small-cnn", 0.9876, data=folder, steps=400)
    refresh(panel)
    events()
    assert grab(panel, f"runs-{mode}-{width}").std() > 1


# --- curves and comparison


def test_the_selected_runs_curves_are_shown_with_what_was_done_to_it(panel, store):
    add_run(store, steps=40)
    add_run(store, steps=60)
    refresh(panel)
    loss = panel.comparison.loss
    assert len(loss.data.train) == 60
    assert [mark.text for mark in loss.data.drawing().marks] == ["rate 0.001"]
    assert loss.data.best.label == "epoch 1"
    color = QColor(theme.current().loss)
    pixels = as_array(loss.grab())[..., :3].astype(int)
    assert (abs(pixels - [color.red(), color.green(), color.blue()]).sum(axis=2) < 40).any(axis=0).sum() > 100
    panel.table.selectRow(1)
    settle(panel)
    assert len(panel.comparison.accuracy.data.train) == 40
    panel.comparison.show_page(3)
    assert "step 20: learning rate 0.001" in panel.comparison.notes.toPlainText()


def test_ticked_runs_lie_over_the_selected_one_and_over_the_run_that_trains(panel, store, qtbot):
    first, second, third = (add_run(store, seed=n) for n in range(3))
    refresh(panel)
    caught = []
    panel.overlay_changed.connect(caught.append)
    view = panel.table
    index = panel.table.model().index(1, 0)
    box = view.visualRect(index)
    qtbot.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(box.left() + 12, box.center().y())
    )
    settle(panel)
    assert [run.id for run in panel.model.ticked] == [second]
    panel.table.selectRow(0)
    settle(panel)
    assert [overlay.name for overlay, _, _ in panel.comparison.loss.data.overlays] == [f"LeNet-5 ({second})"]
    qtbot.keyClick(view, Qt.Key.Key_Space)
    settle(panel)
    assert [run.id for run in panel.model.ticked] == [third, second]
    assert [[overlay.run for overlay in overlays] for overlays in caught] == [[second], [third, second]]
    assert caught[1][0].accuracy.name == f"LeNet-5 ({third})"
    # the selected one is there as itself, not over itself
    assert [overlay.name for overlay, _, _ in panel.comparison.loss.data.overlays] == [f"LeNet-5 ({second})"]
    grab(panel, "runs-compared")
    refresh(panel)
    assert [run.id for run in panel.model.ticked] == [third, second], "ticks outlive a refresh"
    assert len(caught) == 2
    panel.delete([second])
    settle(panel)
    assert [overlay.run for overlay in caught[-1]] == [third]
    assert first in {run.id for run in panel.model.runs}


def test_runs_without_a_curve_can_be_ticked_too(panel, store):
    add_run(store)
    add_run(store, steps=0, status="failed", accuracy=None, keep=False)
    refresh(panel)
    panel.model.tick({1, 2}, on=True)
    settle(panel)
    grab(panel)
    assert "no curve" in panel.comparison.loss._empty.text()
    panel.table.selectRow(1)
    settle(panel)
    grab(panel)
    assert len(panel.comparison.loss.data.train) == 60


def test_only_what_differs_is_listed(panel, store):
    for seed in (3, 8):
        add_run(store, seed=seed, accuracy=0.9 + seed / 100)
    refresh(panel)
    panel.model.tick({1, 2}, on=True)
    settle(panel)
    panel.comparison.show_page(2)
    lines = [line.split("\t") for line in panel.comparison.differences.text().splitlines()]
    assert lines[0] == ["", "LeNet-5 (2)", "LeNet-5 (1)"]
    found = {name: values for name, *values in lines[1:]}
    assert found["Seed"] == ["8", "3"]
    assert found["Validation accuracy"] == ["98.00 %", "93.00 %"]
    assert "Learning rate" not in found
    events()
    grab(panel, "runs-differences")


# --- changes


def test_the_filter_finds_text_in_any_column(panel, store, qtbot):
    add_run(store)
    add_run(store, "mlp", status="failed")
    refresh(panel)
    qtbot.keyClicks(panel.filter, "FAIL")
    assert [cells(panel, row)[0] for row in range(panel.table.model().rowCount())] == ["2"]
    panel.filter.clear()
    assert panel.table.model().rowCount() == 2


def test_f2_renames_and_the_name_is_kept(panel, store, qtbot):
    run = add_run(store)
    refresh(panel)
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_F2)
    editor = panel.table.findChild(QLineEdit)
    assert editor is not None and editor.text() == "LeNet-5"
    editor.setText("wide, no dropout ü")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    settle(panel)
    assert store.run(run).name == "wide, no dropout ü"
    assert cells(panel, 0)[1] == "wide, no dropout ü"
    assert panel.selected_run.id == run


def test_a_colour_is_kept_and_reaches_the_overlays(panel, store):
    add_run(store)
    refresh(panel)
    panel.model.tick({1}, on=True)
    settle(panel)
    caught = []
    panel.overlay_changed.connect(caught.append)
    panel.set_color("#123456")
    settle(panel)
    assert store.run(1).color == "#123456"
    assert caught[-1][0].loss.color == "#123456"
    swatch = panel.model.index(0, 1).data(Qt.ItemDataRole.DecorationRole)
    assert swatch == QColor("#123456")


def test_deleting_asks_first_and_spares_what_goes_on(panel, store, monkeypatch):
    first, second = add_run(store), add_run(store)
    going_on = store.start(starter_project(find_starter("lenet5"))).run
    refresh(panel)
    asked = []

    def answer(box, role):
        asked.append(box.text())
        box.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        for button in box.buttons():
            if box.buttonRole(button) == role:
                button.click()

    for role, left in ((QMessageBox.ButtonRole.RejectRole, 3), (QMessageBox.ButtonRole.DestructiveRole, 2)):
        panel.table.selectRow(1)
        monkeypatch.setattr(QMessageBox, "exec", lambda box, role=role: answer(box, role))
        panel.ask_delete()
        settle(panel)
        assert len(store.runs()) == left
    assert "cannot be undone" in asked[0]
    assert not store.project_file(second).exists()
    said = []
    panel.message.connect(said.append)
    panel.delete([first, going_on])
    settle(panel)
    assert [run.id for run in store.runs()] == [going_on]
    assert "goes on, so it was not deleted" in said[0]


def test_repeat_and_resume_say_which_run(panel, store, qtbot):
    run = add_run(store, status="stopped")
    path = store.checkpoint_file(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"only its being there is asked")
    done = add_run(store)
    refresh(panel)
    assert panel.selected_run.id == done
    assert not panel.actions_.resume.isEnabled()
    assert "checkpoint" in panel.actions_.resume.toolTip()
    panel.table.selectRow(1)
    with qtbot.waitSignal(panel.resume_requested, timeout=500) as caught:
        panel.actions_.resume.trigger()
    assert caught.args == [run]
    with qtbot.waitSignal(panel.repeat_requested, timeout=500) as caught:
        panel.actions_.repeat.trigger()
    assert caught.args == [run]


# --- exports


def exported(panel, qtbot, kind, path):
    with qtbot.waitSignal(panel.message, timeout=20_000) as said:
        panel.exporter.start(kind, panel.selected_runs, path)
        assert panel.exporter.isVisible()
    assert not panel.exporter.isVisible()
    return said.args[0]


def test_selected_runs_are_exported(panel, store, qtbot, tmp_path):
    for _ in range(3):
        add_run(store, steps=10)
    refresh(panel)
    panel.table.selectAll()
    assert len(panel.selected_runs) == 3
    text = exported(panel, qtbot, "csv", tmp_path / "all.csv")
    assert text == f"3 runs are in {tmp_path / 'all.csv'}."
    with (tmp_path / "all.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 33
    panel.table.selectRow(0)
    text = exported(panel, qtbot, "tensorboard", tmp_path)
    assert text.startswith(f"Run 3 is in {tmp_path}. Open with: tensorboard --logdir")
    assert len(list(tmp_path.glob("0003-LeNet-5/*tfevents*"))) == 1


def test_an_export_that_fails_or_is_cancelled_says_so(panel, store, qtbot, tmp_path):
    add_run(store)
    refresh(panel)
    assert "no such folder" in exported(panel, qtbot, "csv", tmp_path / "missing" / "all.csv")
    with qtbot.waitSignal(panel.message, timeout=20_000) as said:
        panel.exporter.start("csv", panel.selected_runs * 500, tmp_path / "all.csv")
        panel.exporter.cancel()
    assert "cancelled" in said.args[0]
    assert not (tmp_path / "all.csv").exists()


# --- reading in a thread


def test_a_slow_store_does_not_stop_the_window(qtbot, panel):
    released, seen = threading.Event(), []
    reader = Reader("Reading", panel)
    started = time.monotonic()
    reader.ask(lambda job: released.wait(20) and threading.current_thread().name, seen.append, seen.append)
    assert time.monotonic() - started < 1
    assert reader.is_busy and seen == []
    reader.ask(lambda job: "second", seen.append, seen.append)
    reader.ask(lambda job: "third", seen.append, seen.append)
    released.set()
    qtbot.waitUntil(lambda: not reader.is_busy, timeout=5000)
    assert seen == ["third"], "only the last question counts"


def test_a_reading_that_fails_says_why(qtbot, panel):
    reader, seen, failed = Reader("Reading", panel), [], []

    def work(job):
        raise StorageError("The disk is gone.")

    reader.ask(work, seen.append, failed.append)
    qtbot.waitUntil(lambda: not reader.is_busy, timeout=5000)
    assert (seen, failed) == ([], ["The disk is gone."])


def test_quick_answers_are_there_at_once_or_soon(qtbot, panel):
    reader, seen = Reader("Reading", panel), []
    for n in range(5):
        reader.ask(lambda job, n=n: n, seen.append, seen.append)
        qtbot.waitUntil(lambda: not reader.is_busy, timeout=5000)
    assert seen == list(range(5))
