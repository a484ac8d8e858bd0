"""The list of runs: what it shows, sorts and finds, curves and comparison, and reading in a thread."""

import sqlite3
import threading
import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from cnn_studio.app.runs import RunStore
from cnn_studio.core.errors import StorageError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.ui import theme
from cnn_studio.ui.panels.reader import Reader
from tests.helpers.runs_panel import add_run, cells, refresh, settle, shown_panel
from tests.helpers.ui import as_array, events, grab


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs with space")


@pytest.fixture
def panel(qtbot, store):
    return shown_panel(qtbot, store)


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


def test_the_filter_finds_text_in_any_column(panel, store, qtbot):
    add_run(store)
    add_run(store, "mlp", status="failed")
    refresh(panel)
    qtbot.keyClicks(panel.filter, "FAIL")
    assert [cells(panel, row)[0] for row in range(panel.table.model().rowCount())] == ["2"]
    panel.filter.clear()
    assert panel.table.model().rowCount() == 2


def test_a_refresh_keeps_the_selected_run(panel, store):
    first = add_run(store)
    add_run(store)
    refresh(panel)
    panel.table.selectRow(1)
    assert panel.selected_run.id == first
    add_run(store)
    refresh(panel)
    assert panel.selected_run.id == first


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


def test_all_selected_runs_are_compared_but_only_ticked_ones_follow_to_the_run_that_trains(panel, store):
    first, second, third = (add_run(store) for _ in range(3))
    panel.refresh()
    settle(panel)
    caught = []
    panel.overlay_changed.connect(caught.append)
    panel.table.selectAll()
    settle(panel)
    shown = panel.selected_run.id
    others = [f"LeNet-5 ({number})" for number in (third, second, first) if number != shown]
    for plot in (panel.comparison.loss, panel.comparison.accuracy):
        assert sorted(overlay.name for overlay, _, _ in plot.data.overlays) == sorted(others)
    assert not caught


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
