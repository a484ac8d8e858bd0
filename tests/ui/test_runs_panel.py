import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication

from cnn_studio.app.project import load_project, starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.events import BatchDone, EpochDone, RunFinished
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.panels.loss_preview import LossPreview, smoothed, thin
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
    panel.refresh()
    assert panel._empty.isVisible()
    assert not (tmp_path / "runs with space").exists()


def test_the_latest_run_comes_first_with_all_its_numbers(panel, store):
    add_run(store)
    add_run(store, "mlp", 0.9, "stopped", seed=7, data=DataSource(kind="mnist", folder="/data/mnist"))
    panel.refresh()
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
    panel.refresh()
    panel.table.sort_by(5)
    assert [cells(panel, row)[5] for row in range(4)] == ["99.0 %", "70.0 %", "50.0 %", "–"]
    panel.table.sort_by(5)
    assert cells(panel, 0)[5] == "–"
    panel.table.sort_by(0)
    assert [cells(panel, row)[0] for row in range(4)] == ["4", "3", "2", "1"]


def test_a_refresh_keeps_the_selected_run(panel, store):
    first = add_run(store)
    add_run(store)
    panel.refresh()
    panel.table.selectRow(1)
    assert panel.selected_run.id == first
    add_run(store)
    panel.refresh()
    assert panel.selected_run.id == first


def test_the_trained_network_opens(panel, store, qtbot):
    run = add_run(store, "small-cnn")
    panel.refresh()
    with qtbot.waitSignal(panel.open_requested, timeout=500) as caught:
        qtbot.mouseClick(panel._open, Qt.MouseButton.LeftButton)
    assert caught.args == [store.project_file(run)]
    assert load_project(caught.args[0]).document.info.name == "Small CNN"
    with qtbot.waitSignal(panel.open_requested, timeout=500):
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)


def test_a_run_without_a_network_says_why(panel, store, qtbot):
    add_run(store, steps=0, status="failed", accuracy=None, keep=False)
    panel.refresh()
    assert not panel._open.isEnabled()
    assert "kept no network" in panel._open.toolTip()
    with qtbot.assertNotEmitted(panel.open_requested):
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert panel.preview.num_points == 0
    assert "no curve" in panel.preview._empty


def test_the_selected_runs_curve_is_shown(panel, store, qtbot):
    add_run(store, steps=40)
    add_run(store, steps=60)
    panel.refresh()
    assert panel.preview.summary.endswith("in 60 steps")
    panel.table.selectRow(1)
    qtbot.waitUntil(lambda: panel.preview.summary.endswith("in 40 steps"), timeout=2000)
    assert panel._title.text() == panel.preview.summary
    color = QColor(theme.current().loss)
    pixels = as_array(panel.preview.grab())[..., :3].astype(int)
    near = abs(pixels - [color.red(), color.green(), color.blue()]).sum(axis=2) < 40
    columns = near.any(axis=0)
    assert columns.sum() > 0.7 * columns.size, "the line goes from end to end"
    rows = [near[:, at].argmax() for at in (columns.argmax() + 3, len(columns) - 8)]
    assert rows[0] < rows[1], "and falls"


def test_long_curves_are_thinned_and_keep_their_peaks():
    points = [(float(n), 1.0 if n != 777 else 9.0) for n in range(50_000)]
    found = thin(points, 100)
    assert len(found) <= 200
    assert (777.0, 9.0) in found
    assert found == sorted(found)
    assert thin(points[:50], 100) == points[:50]
    assert smoothed([(1.0, 4.0)]) == [(1.0, 4.0)]
    assert smoothed(points)[-1][1] == pytest.approx(1.0)


@pytest.mark.parametrize("losses", [[], [1.0], [0.0, 0.0], [float("nan")] * 3, [2.0, float("inf"), 1.0]])
def test_odd_curves_paint(qtbot, losses):
    preview = LossPreview()
    qtbot.addWidget(preview)
    preview.resize(200, 80)
    preview.show_curve([BatchDone(n + 1, 1, loss, 0.5, 0.1, 0.1) for n, loss in enumerate(losses)], "nothing")
    grab(preview)
    finite = [loss for loss in losses if abs(loss) < 1e30]
    assert preview.num_points == len(finite)


def test_copying_a_row(panel, store, qtbot):
    add_run(store)
    panel.refresh()
    qtbot.mouseClick(panel._copy, Qt.MouseButton.LeftButton)
    heads, row = (line.split("\t") for line in QGuiApplication.clipboard().text().strip("\n").split("\n"))
    found = dict(zip(heads, row, strict=True))
    assert found["Validation"] == "0.975"
    assert found["Images/s"] == "12345.6"
    assert found["Network"] == "LeNet-5"


def test_a_damaged_store_is_said(panel, store, tmp_path):
    folder = tmp_path / "runs with space"
    folder.mkdir()
    (folder / "runs.sqlite").write_bytes(b"this is no database, " * 100)
    panel.refresh()
    assert "cannot be used" in panel._empty.text()
    assert panel._empty.isVisible()


def test_rows_of_other_versions_still_show(panel, store, tmp_path):
    add_run(store)
    with sqlite3.connect(tmp_path / "runs with space" / "runs.sqlite") as connection:
        connection.execute("""UPDATE runs SET settings = '{"new": 1}', data = '{"kind": "cloud"}'""")
    connection.close()
    panel.refresh()
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
    panel.refresh()
    events()
    assert grab(panel, f"runs-{mode}-{width}").std() > 1
