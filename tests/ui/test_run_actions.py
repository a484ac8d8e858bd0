"""What can be done with a recorded run: open, copy, rename, colour, delete, repeat, resume, export."""

import csv

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QLineEdit, QMessageBox

from cnn_studio.app.project import load_project, starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.graph.starters import find_starter
from tests.helpers.runs_panel import add_run, cells, refresh, settle, shown_panel


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs with space")


@pytest.fixture
def panel(qtbot, store):
    return shown_panel(qtbot, store)


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


# --- changes


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
