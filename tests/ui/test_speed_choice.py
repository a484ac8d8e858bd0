"""How a run computes: the choice in the training panel, what it says of it, and what new projects begin with."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QWidget

from cnn_studio.app.importing import OpenedNetwork
from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import save_project, starter_project
from cnn_studio.app.session import Session
from cnn_studio.engine.events import BatchDone, RunFinished, RunStarted, SpeedTuned, Tuning, TuningStarted
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.file_controller import FileController
from cnn_studio.ui.panels.training_panel import TrainingPanel
from cnn_studio.ui.widgets.elided import ElidedLabel
from tests.helpers.ui import events, grab

FAST = Tuning(True, "bfloat16", 2, images_per_second=9_404.0, baseline=2_703.0)
MEASURED = (("float32", 2_703.0), ("bfloat16, channels-last", 9_404.0))
END = RunFinished("done", 1, 0.9, None, 9_000.0)


def started(precision="float32"):
    return RunStarted("cpu", 2, precision, 4, 10, 1280, 360, 0, 61_750, 61_750)


@pytest.fixture
def panel(qtbot):
    made = TrainingPanel()
    qtbot.addWidget(made)
    made.resize(1100, 232)
    made.show()
    events()
    return made


# --- the choice


def test_exact_float32_is_one_click_away_and_means_all_of_it(panel, qtbot):
    exact = panel.side.exact
    panel.set_settings(TrainSettings(speed="auto", precision="bfloat16", channels_last=True))
    assert exact.isVisible() and not exact.isChecked()
    with qtbot.waitSignal(panel.settings_changed, timeout=500):
        exact.click()
    now = panel.settings()
    assert (now.speed, now.precision, now.channels_last) == ("exact", "float32", False)
    assert exact.isChecked()
    exact.click()
    assert panel.settings().speed == "auto"
    for word in ("float32", "bit for bit", "bfloat16", "channels-last", "repeated"):
        assert word in exact.toolTip()


@pytest.mark.parametrize(
    ("changes", "is_exact"),
    [
        ({}, True),
        ({"speed": "auto"}, False),
        ({"precision": "bfloat16"}, False),
        ({"channels_last": True}, False),
    ],
)
def test_the_box_follows_the_settings(panel, changes, is_exact):
    panel.set_settings(TrainSettings(**changes))
    assert panel.side.exact.isChecked() == is_exact


def test_the_box_works_while_another_field_is_wrong(panel):
    panel.side.form.field("epochs")._edit.setText("x")
    panel.side.exact.click()
    assert panel.settings() is None
    panel.side.form.field("epochs").set_value(3)
    assert (panel.settings().speed, panel.settings().epochs) == ("auto", 3)


# --- what is said of it


@pytest.mark.parametrize(
    ("tuned", "precision", "text"),
    [
        (None, "float32", "Computes in plain float32"),
        (None, "bfloat16", "Computes in bfloat16"),
        (
            SpeedTuned(FAST, MEASURED),
            "bfloat16, channels-last",
            "Computes in bfloat16, channels-last: 3.5 × plain float32 (9,400 against 2,700 images/s)",
        ),
        (
            SpeedTuned(replace(FAST, threads=1, images_per_second=2_838.0), remembered=True),
            "bfloat16, channels-last",
            "Computes in bfloat16, channels-last, one thread: 1.05 × plain float32 (2,840 against 2,700 images/s)",
        ),
        (
            SpeedTuned(Tuning(images_per_second=2_703.0, baseline=2_703.0), MEASURED),
            "float32",
            "Computes in plain float32: no other way was faster here (2,700 images/s)",
        ),
        (
            SpeedTuned(Tuning(images_per_second=2_703.0, baseline=2_703.0), MEASURED[:1]),
            "float32",
            "Computes in plain float32: the run is too short for measuring to pay",
        ),
        (
            SpeedTuned(Tuning()),
            "float32",
            "Computes in plain float32: the run is too short for measuring to pay",
        ),
    ],
)
def test_the_panel_says_how_a_run_computes_until_the_next_one(panel, tuned, precision, text):
    speed = panel.side.speed
    assert not speed.isVisible()
    panel.set_state("preparing")
    panel.handle([*([] if tuned is None else [tuned]), started(precision)])
    assert speed.isVisible() and speed.text() == text
    panel.handle([BatchDone(40, 4, 1.0, 0.5, 0.05, 1.0), END])
    assert speed.isVisible() and speed.text() == text
    panel.set_state("preparing")
    assert not speed.isVisible()
    panel.handle([started()])
    assert speed.text() == "Computes in plain float32", "the next run has nothing of the choice of this one"


def test_measuring_is_said_and_what_was_measured_can_be_looked_up(panel):
    panel.set_state("preparing")
    assert panel.side.line.text().startswith("building")
    panel.handle([TuningStarted()])
    assert panel.side.line.text() == "measuring the fastest way to compute this network here"
    panel.handle([SpeedTuned(FAST, MEASURED)])
    assert not panel.side.line.text().startswith("measuring")
    panel.handle([started()])
    assert panel.side.speed.toolTip() == "float32: 2,700 images/s\nbfloat16, channels-last: 9,400 images/s"
    panel.handle([END])
    panel.forget_run()
    assert not panel.side.speed.isVisible()


def test_a_run_that_ends_while_measuring_leaves_no_word_of_it(panel):
    panel.set_state("preparing")
    panel.handle([TuningStarted(), RunFinished("stopped", 0, None, None, 0.0)])
    panel.set_state("preparing")
    assert panel.side.line.text().startswith("building")


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1100, 1600])
def test_all_of_it_fits_a_low_panel(panel, width, mode):
    theme.manager().set_mode(mode)
    panel.resize(width, 232)
    panel.set_data_text("photographs-of-ants-and-bees-hymenoptera-2024 · 14,370 + 3,600", 14_370)
    panel.set_state("preparing")
    long = replace(FAST, fused=True, cut_kernels=True, threads=1)
    panel.handle([SpeedTuned(long, MEASURED), started(), BatchDone(3, 1, 1.0, 0.5, 0.05, 0.1)])
    panel._clock.tick()
    events()
    grab(panel, f"speed-{width}-{mode}")
    side = panel.side
    for label in (side.speed, side.line):
        assert label.height() >= label.heightForWidth(label.width())
    for widget in (side.exact, side.presets, side.speed, side._data):
        box = widget.rect().translated(widget.mapTo(panel, widget.rect().topLeft()))
        assert panel.rect().contains(box)
    assert side._data.shown_text().endswith("4 · 14,370 + 3,600")
    assert side._data.toolTip().startswith("photographs-of-ants-and-bees-hymenoptera-2024 ")


# --- names


def test_a_label_leaves_out_the_middle_of_a_name_and_keeps_what_follows(qtbot):
    label = ElidedLabel("a-rather-long-name-of-a-folder · 1,437 + 360")
    qtbot.addWidget(label)
    metrics = label.fontMetrics()
    whole = metrics.horizontalAdvance(label.text())
    for width, start, end in (
        (whole, "a-rather-long", "1,437 + 360"),
        (whole - 40, "a-r", "r · 1,437 + 360"),
    ):
        label.resize(width, 20)
        assert label.shown_text().startswith(start) and label.shown_text().endswith(end)
        assert metrics.horizontalAdvance(label.shown_text()) <= width
    assert "…" in label.shown_text()
    label.resize(metrics.horizontalAdvance("· 1,437 + 360"), 20)
    assert label.shown_text().startswith("a") and label.shown_text().endswith("0")
    assert metrics.horizontalAdvance(label.shown_text()) <= label.width()


# --- what projects begin with


def test_projects_that_the_window_makes_take_the_fastest_way(qtbot, tmp_path):
    session, window = Session(), QWidget()
    qtbot.addWidget(window)
    files = FileController(session, Preferences(), window)
    assert session.settings.speed == "auto"
    files.new("mlp")
    assert session.settings == TrainSettings(**dict(find_starter("mlp").settings), speed="auto")
    files.new_empty()
    assert session.settings.speed == "auto"
    files.take_network(OpenedNetwork(starter_project(find_starter("resnet18")), ()))
    assert session.settings.speed == "auto"
    assert not session.is_modified


def test_a_file_keeps_what_it_says(tmp_path):
    session = Session()
    save_project(tmp_path / "exact.cnnstudio", starter_project(find_starter("mlp")))
    session.open(tmp_path / "exact.cnnstudio")
    assert session.settings.speed == "exact"
