"""The comparison of ways: rows and curves while it runs, the verdict, failures, and export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnn_studio.app.comparing import Comparison, WayFinished, WayStarted, compare, ways_of
from cnn_studio.app.jobs import JobEnded, Progress
from cnn_studio.app.project import Project
from cnn_studio.app.transferring import StageStarted, TransferOutcome
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import EpochDone, RunFinished, RunStarted
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.transfer.recipe import FINE_TUNING, TransferRecipe
from cnn_studio.transfer.verdict import Compared, judge
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.wizard.comparison_view import ComparisonView
from tests.helpers.images import write_classes
from tests.helpers.plots import has_color
from tests.helpers.ui import events, grab

RECIPE = TransferRecipe()


def make_view(qtbot: QtBot) -> ComparisonView:
    clock = RepaintClock()
    view = ComparisonView(clock)
    clock.setParent(view)
    qtbot.addWidget(view)
    view.resize(820, 560)
    view.show()
    events()
    return view


def started(number: int, name: str, total: int = 3) -> WayStarted:
    return WayStarted(number, total, name, RECIPE)


def finished(
    name: str,
    right: int | None,
    seconds: float,
    *,
    learned: int = 2_562,
    message: str = "",
    is_transfer: bool = True,
) -> WayFinished:
    compared = Compared(name, is_transfer, right, 153, seconds, message)
    if right is None:
        return WayFinished(compared, None)
    end = RunFinished("done", 1, right / 153, None, 0.0)
    outcome = TransferOutcome("svm", end, seconds, Project(NetworkDocument()), None, learned)
    return WayFinished(compared, outcome)


def run_started(num_epochs: int = 3, trainable: int = 4_010_110) -> RunStarted:
    return RunStarted("cpu", 2, "float32", num_epochs, 8, 245, 153, 0, 4_010_110, trainable)


def epoch(number: int, accuracy: float) -> EpochDone:
    none = np.zeros(0)
    return EpochDone(number, 8 * number, 0.3, 0.9, 0.3, accuracy, True, 9.0 * number, none, none)


def take_all(view: ComparisonView) -> Comparison:
    """Give a view the events of three ways of which the last fails."""
    ways = [
        finished("CNN codes + linear SVM", 144, 4.2),
        finished("Fine-tuning of everything", 147, 212.0, learned=3_415_586),
        finished(
            "From scratch",
            None,
            3.0,
            message="Not enough memory for a batch of 32. Try 16.",
            is_transfer=False,
        ),
    ]
    view.take(started(1, ways[0].compared.name))
    view.take(Progress("Computing CNN codes", 100, 398))
    view.take(ways[0])
    view.take(started(2, ways[1].compared.name))
    view.take(run_started())
    for number, accuracy in enumerate((0.87, 0.94, 0.961), 1):
        view.take(epoch(number, accuracy))
    view.take(ways[1])
    view.take(started(3, ways[2].compared.name))
    view.take(ways[2])
    verdict = judge([way.compared for way in ways])
    found = Comparison(tuple(ways), verdict, ways[1].outcome)
    view.take(found)
    view.take(JobEnded("done"))
    events()
    return found


def cells(view: ComparisonView, row: int) -> list[str]:
    model = view.table.ways
    return [str(model.data(model.index(row, column), Qt.ItemDataRole.DisplayRole)) for column in range(4)]


def test_rows_say_what_goes_on_and_then_the_result(qtbot: QtBot) -> None:
    view = make_view(qtbot)
    view.start(["CNN codes + linear SVM", "Fine-tuning of everything", "From scratch"])
    assert [cells(view, row)[1] for row in range(3)] == ["waits"] * 3
    view.take(started(1, "CNN codes + linear SVM"))
    view.take(Progress("Computing CNN codes", 100, 398))
    assert cells(view, 0)[1] == "Computing CNN codes: 100 of 398"
    assert cells(view, 1)[1] == "waits"
    view.take(finished("CNN codes + linear SVM", 144, 4.2))
    assert cells(view, 0) == ["CNN codes + linear SVM", "94.1 % (89 to 97)", "4.2 s", "2,562"]
    assert view.verdict.text().startswith("So far: CNN codes + linear SVM is best")
    view.take(started(2, "Fine-tuning of everything"))
    view.take(run_started())
    assert cells(view, 1)[3] == "4,010,110"
    view.take(epoch(2, 0.94))
    assert cells(view, 1)[1] == "epoch 2: 94.0 %"


def test_the_end_names_the_winner_and_why_a_way_failed(qtbot: QtBot) -> None:
    view = make_view(qtbot)
    found = take_all(view)
    assert cells(view, 1) == ["Fine-tuning of everything (best)", "96.1 % (92 to 98)", "3:32", "3,415,586"]
    assert cells(view, 2)[1:] == ["Not enough memory for a batch of 32. Try 16.", "3.0 s", ""]
    assert view.verdict.text() == " ".join(found.verdict)
    pixels = grab(view, "comparison")
    assert (
        has_color(pixels, "error")
        and has_color(pixels, "activation", 200)
        and has_color(pixels, "merge", 200)
    )


def test_ways_that_train_have_curves_as_they_go(qtbot: QtBot) -> None:
    view = make_view(qtbot)
    view.take(started(1, "CNN codes + linear SVM"))
    view.take(finished("CNN codes + linear SVM", 144, 4.2))
    assert not view.plot.data.overlays
    view.take(started(2, "Fine-tuning"))
    view.take(run_started())
    view.take(epoch(1, 0.9))
    view.take(epoch(2, 0.95))
    (overlay, line, _), *others = view.plot.data.overlays
    assert not others and overlay.name == "Fine-tuning" and overlay.color == view.rows[1].color
    assert line.y.tolist() == [0.9, 0.95] and line.steps.tolist() == [1, 2]
    view.plot.repaint_now()
    events()
    assert "Fine-tuning 95.0 %" in view.plot.header_text
    assert has_color(grab(view.plot), "merge", 20)


def test_steps_of_gradual_unfreezing_are_one_curve(qtbot: QtBot) -> None:
    view = make_view(qtbot)
    view.take(started(1, "Gradual unfreezing"))
    for step in (1, 2):
        view.take(StageStarted(step, 2, ("head",)))
        view.take(run_started(2))
        view.take(epoch(1, 0.8 + 0.05 * step))
        view.take(epoch(2, 0.82 + 0.05 * step))
    (_, line, _), *_ = view.plot.data.overlays
    assert line.steps.tolist() == [1, 2, 3, 4]
    assert line.seconds.tolist() == [9, 18, 27, 36]


def test_another_comparison_begins_anew(qtbot: QtBot) -> None:
    view = make_view(qtbot)
    take_all(view)
    view.take(started(1, "CNN codes + softmax"))
    assert [row.name for row in view.rows] == ["CNN codes + softmax"]
    assert not view.plot.data.overlays


def test_ways_that_were_not_tried_say_so(qtbot: QtBot) -> None:
    view = make_view(qtbot)
    view.start([name for name, _ in ways_of(RECIPE)])
    one = finished("CNN codes + linear SVM", 144, 4.2)
    view.take(started(1, "CNN codes + linear SVM"))
    view.take(one)
    view.take(started(2, "CNN codes + softmax"))
    view.take(Comparison((one,), judge([one.compared]), one.outcome, is_cut_short=True))
    assert [row.accuracy_text for row in view.rows[1:]] == ["was not tried"] * 4
    assert view.verdict.text().startswith("It was stopped before all ways had been tried. CNN codes")


def test_a_comparison_that_is_over_can_be_shown_at_once(qtbot: QtBot) -> None:
    first, second = make_view(qtbot), make_view(qtbot)
    found = take_all(first)
    second.take(found)
    assert [cells(second, row) for row in range(3)] == [cells(first, row) for row in range(3)]
    assert second.verdict.text() == first.verdict.text()


def test_failure_of_the_whole_is_said(qtbot: QtBot) -> None:
    view = make_view(qtbot)
    view.take(JobEnded("failed", "There are no images."))
    assert view.verdict.text() == "There are no images."


def test_numbers_and_picture_can_be_saved(qtbot: QtBot, tmp_path: Path) -> None:
    view = make_view(qtbot)
    take_all(view)
    said: list[str] = []
    view.message.connect(said.append)
    for name in ("ways.png", "ways.svg"):
        assert view.menu.save_picture(tmp_path / name)
    assert view.menu.save_csv(tmp_path / "ways.csv")
    assert view.plot.menu.save_csv(tmp_path / "curves.csv")
    assert len(said) == 4
    lines = (tmp_path / "ways.csv").read_text("utf-8").splitlines()
    assert lines[1].startswith("CNN codes + linear SVM,0.941176,0.891994,") and lines[1].endswith(
        ",144,153,4.200,2562,"
    )
    assert lines[3].endswith("Not enough memory for a batch of 32. Try 16.")
    assert "From scratch" in (tmp_path / "ways.svg").read_text("utf-8")
    assert "Fine-tuning of everything,3,3,27,0.961" in (tmp_path / "curves.csv").read_text("utf-8")


@pytest.mark.slow
def test_the_events_of_a_real_comparison(qtbot: QtBot, tmp_path: Path) -> None:
    folder = write_classes(tmp_path, {"ants": 6, "bees": 6})
    settings = FINE_TUNING.model_copy(update={"epochs": 2, "batch_size": 4})
    recipe = TransferRecipe(
        data=DataSource(kind="folder", folder=str(folder), val_fraction=0.3), settings=settings
    )
    ways = [way for way in ways_of(recipe) if way[0] != "Fine-tuning of everything"]
    view = make_view(qtbot)
    view.start([name for name, _ in ways])
    found = compare(recipe, view.take, RunControl(), ways=ways)
    view.take(found)
    events()
    assert [row.state for row in view.rows] == ["done"] * 4
    assert sum(row.is_best for row in view.rows) == 1
    assert [overlay.name for overlay, _, _ in view.plot.data.overlays] == [ways[2][0], ways[3][0]]
    assert all(len(line) == 2 for _, line, _ in view.plot.data.overlays)
    learned = [row.trainable or 0 for row in view.rows]
    assert learned[0] == learned[1] == 2 * 1_280 + 2 and learned[1] < learned[2] < learned[3]
