import math

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton, QToolButton, QWidget
from shiboken6 import isValid

from cnn_studio.engine.events import (
    BatchDone,
    EpochDone,
    GradientsMeasured,
    RunContinued,
    RunFinished,
    RunPaused,
    RunStarted,
)
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.ui import theme
from cnn_studio.ui.panels.run_progress import RunProgress, duration_text, rate_text
from cnn_studio.ui.panels.training_panel import TrainingPanel
from tests.helpers.ui import events, grab


class WallClock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def started(epochs=4, steps=10, num_train=1280):
    return RunStarted("cpu", 2, "float32", epochs, steps, num_train, 360, 0, 61_750, 61_750)


def batch(step, seconds=None, loss=1.0, steps=10):
    return BatchDone(
        step, (step - 1) // steps + 1, loss, 0.5, 0.05, step * 0.01 if seconds is None else seconds
    )


def epoch_done(epoch, accuracy=0.9, is_best=True, steps=10):
    nothing = np.zeros(0)
    return EpochDone(epoch, epoch * steps, 0.5, 0.8, 0.4, accuracy, is_best, epoch * 0.1, nothing, nothing)


@pytest.fixture
def panel(qtbot):
    clock = WallClock()
    made = TrainingPanel(now=clock)
    made.wall = clock
    qtbot.addWidget(made)
    made.resize(1300, 300)
    made.show()
    events()
    return made


def button(panel, text):
    return next(b for b in panel.findChildren(QPushButton) if b.text() == text)


def edit(panel, name):
    return panel.side.form.field(name).findChild(QLineEdit)


# --- settings


def test_every_setting_has_a_titled_field_with_its_help(panel):
    for name, info in TrainSettings.model_fields.items():
        if name == "augmentation":
            continue  # a record of its own, with a form of its own
        field = panel.side.form.field(name)
        assert field.title == info.title
        assert field.toolTip() == info.description
        shown = field.focusProxy()
        assert isinstance(shown, (QLineEdit, QComboBox, QCheckBox))
        assert shown.accessibleName() == info.title


def test_settings_go_in_and_come_out(panel, qtbot):
    assert panel.settings() == TrainSettings()
    wanted = TrainSettings(
        optimizer="adamw", learning_rate=0.00125, momentum=0.5, weight_decay=0, batch_size=64, epochs=3,
        schedule="cosine", seed=7, device="cpu", speed="auto",
    )  # fmt: skip
    with qtbot.waitSignals([panel.settings_changed], timeout=500):
        panel.set_settings(wanted)
    assert panel.settings() == wanted
    with qtbot.assertNotEmitted(panel.settings_changed):
        panel.set_settings(wanted)


def test_typing_is_checked_at_once_and_the_reason_is_shown(panel, qtbot):
    field = edit(panel, "learning_rate")
    field.selectAll()
    with qtbot.waitSignal(panel.settings_changed, timeout=500):
        qtbot.keyClicks(field, "0")
    assert panel.settings() is None
    reason = "Learning rate must be a number above 0 and at most 10, not 0."
    assert panel.side.line.text() == reason
    assert field.property("invalid") is True
    assert not panel.controls.can_train
    assert panel.controls.reason == reason
    qtbot.keyClicks(field, ".02")
    assert panel.settings().learning_rate == 0.02
    assert field.property("invalid") is False
    assert panel.controls.can_train


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("batch_size", "1,024", 1024),
        ("learning_rate", "0,01", 0.01),
        ("learning_rate", "1e-3", 0.001),
        ("epochs", " 5 ", 5),
        ("momentum", "1", None),
        ("momentum", "0", 0.0),
        ("epochs", "2.5", None),
        ("epochs", "", None),
        ("seed", "-1", None),
        ("weight_decay", "nan", None),
        ("learning_rate", "fast", None),
    ],
)
def test_numbers_as_people_write_them(panel, name, text, value):
    edit(panel, name).setText(text)
    if value is None:
        assert panel.settings() is None
        assert panel.side.form.error().startswith(TrainSettings.model_fields[name].title)
    else:
        assert getattr(panel.settings(), name) == value


def test_limits_of_the_form_are_those_of_the_record(panel):
    edit(panel, "momentum").setText("0.999999")
    assert panel.settings().momentum == 0.999999
    edit(panel, "batch_size").setText("65536")
    assert panel.settings().batch_size == 65536
    edit(panel, "batch_size").setText("65537")
    assert panel.settings() is None


def test_rare_settings_are_folded_and_unfold_for_a_wrong_value(panel):
    fold = panel.side.form.findChild(QToolButton)
    assert not panel.side.form.field("seed").isVisible()
    fold.click()
    assert panel.side.form.field("seed").isVisible()
    fold.click()
    edit(panel, "seed").setText("x")
    assert panel.side.form.field("seed").isVisible()


def test_the_wheel_over_a_choice_scrolls_and_changes_nothing(panel, qtbot):
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    combo = panel.side.form.field("optimizer").findChild(QComboBox)
    panel.side.form._fold.setFocus()
    wheel = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, -120), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(combo, wheel)
    assert panel.settings().optimizer == "sgd"


# --- states and buttons


def test_controls_follow_the_state(panel):
    now = panel.controls
    assert (now.can_train, now.can_pause, now.can_stop) == (True, False, False)
    expected = {
        "preparing": (True, False, True),  # another run can be put behind this one
        "running": (True, True, True),
        "paused": (True, True, True),
        "stopping": (True, False, False),
        "idle": (True, False, False),
    }
    for state, wanted in expected.items():
        panel.set_state(state)
        now = panel.controls
        assert (now.can_train, now.can_pause, now.can_stop) == wanted, state
        assert now.is_paused == (state == "paused")
        assert panel.side.form.field("epochs").isEnabled(), "settings are those of the next run"
        assert panel.side.rate.isVisibleTo(panel) == now.can_pause


def test_a_change_of_the_controls_is_told(panel, qtbot):
    with qtbot.waitSignal(panel.controls_changed, timeout=500):
        panel.set_state("running")
    with qtbot.assertNotEmitted(panel.controls_changed):
        panel.set_state("running")


def test_what_is_missing_is_said(panel):
    panel.set_ready(False, "C3 has an error: the filter is larger than its input.")
    assert not panel.controls.can_train
    assert panel.controls.reason == "C3 has an error: the filter is larger than its input."
    assert panel.side.line.text() == panel.controls.reason
    panel.set_ready(True)
    assert panel.controls.can_train


# --- a run


def test_a_run_to_its_end(panel):
    panel.set_state("preparing")
    panel.handle([started()])
    assert panel.state == "running"
    panel.handle([batch(1)])
    panel.wall.now += 1.9
    panel.handle([batch(s) for s in range(2, 11)] + [epoch_done(1), GradientsMeasured(10, (("C1", 0.1),))])
    panel.handle([batch(s) for s in range(11, 21)])
    panel._clock.tick()
    assert panel.side.bar.value() == 500
    # 20 of 40 steps took 1.9 s of wall time since the first; 128 images a step, 0.01 s each
    assert panel.side.line.text() == "epoch 2 of 4 · 0:02 left · 12,800 images/s"
    assert panel.deck.gradients.norms == (("C1", 0.1),)
    end = RunFinished("done", 3, 0.979, 0.972, 13_904.0)
    panel.handle([batch(40), epoch_done(4, is_best=False), end])
    assert panel.state == "idle"
    assert panel.side.bar.value() == 1000
    assert panel.side.line.text() == (
        "done after 0:02 · kept epoch 3: 97.9 % validation · 97.2 % test · 13,900 images/s"
    )
    panel._clock.tick()
    assert panel.deck.accuracy.header_text.startswith("Accuracy 90.0 % validation · best at epoch 1")


def test_another_network_begins_without_the_curves_of_the_last_one(panel):
    events = [started(), batch(1), epoch_done(1), GradientsMeasured(1, (("C1", 0.1),))]
    panel.handle(events)
    panel.forget_run()
    assert panel.deck.gradients.norms, "a run that goes on stays in view"
    panel.handle([RunFinished("done", 1, 0.9, None, 100.0)])
    panel.forget_run()
    panel._clock.tick()
    assert (panel.side.bar.value(), panel.deck.gradients.norms) == (0, ())
    assert panel.deck.loss.header_text == "Loss"
    assert "done" not in panel.side.line.text()
    panel.handle(events)
    panel._clock.tick()
    assert panel.deck.loss.header_text != "Loss"


def test_a_paused_run_says_so_and_its_pause_counts_nowhere(panel):
    panel.handle([started(), batch(1)])
    panel.wall.now += 1.9
    panel.handle([batch(20), RunPaused(20)])
    assert panel.state == "paused"
    panel.wall.now += 1000
    panel.handle([])
    assert panel.side.line.text() == "paused in epoch 2 of 4 · 0:02 left"
    panel.handle([RunContinued(20), batch(21)])
    assert panel.state == "running"
    assert "0:02 left" in panel.side.line.text()


def test_a_failed_run_shows_its_sentence_and_offers_the_details(panel, qtbot):
    assert not panel.side.details.isVisible()
    failure = RunFinished("failed", 0, None, None, 0.0, message="The memory is full. Take smaller batches.",
                          details="Traceback: here")  # fmt: skip
    panel.handle([started(), batch(1), failure])
    assert panel.side.line.text() == "The memory is full. Take smaller batches."
    assert panel.side.line.property("role") == "error"
    with qtbot.waitSignal(panel.details_requested, timeout=500) as caught:
        qtbot.mouseClick(panel.side.details, Qt.MouseButton.LeftButton)
    assert caught.args == ["Traceback: here"]
    panel.handle([started()])
    assert not panel.side.details.isVisible()


def test_a_run_that_cannot_start(panel):
    panel.set_state("preparing")
    panel.handle([RunFinished("failed", 0, None, None, 0.0, message="The folder is gone.")])
    assert panel.state == "idle"
    assert panel.side.line.text() == "The folder is gone."


def test_a_stopped_run(panel):
    panel.handle([started(), batch(3), RunFinished("stopped", 0, None, None, 900.0)])
    assert (
        panel.side.line.text()
        == "stopped in epoch 1 after 0:00 · no epoch was finished, so no weights are kept · 900 images/s"
    )


def test_a_run_that_ends_before_it_starts_has_nothing_of_the_run_before(panel):
    panel.handle([started(), batch(40), epoch_done(4), RunFinished("done", 4, 0.9, None, 900.0)])
    panel.set_state("preparing")
    panel.wall.now += 60
    panel.handle([RunFinished("stopped", 0, None, None, 0.0)])
    assert panel.side.line.text() == "stopped · no epoch was finished, so no weights are kept"
    assert panel.side.bar.value() == 0


def test_twenty_thousand_events_reach_the_plots_without_a_repaint(panel):
    panel.handle([started(epochs=10, steps=2000)])
    panel.handle([batch(s, steps=2000, loss=math.nan if s == 77 else 1 / s) for s in range(1, 20_001)])
    assert len(panel.deck.loss.data.train) == 20_000
    assert "train" not in panel.deck.loss.header_text
    panel._clock.tick()
    assert "train" in panel.deck.loss.header_text


def test_words_of_progress():
    assert [duration_text(s) for s in (0, 7, 65, 3725, -1)] == ["0:00", "0:07", "1:05", "1:02:05", "0:00"]
    assert [rate_text(r) for r in (13_904, 87.66, 3.14159, 0)] == [
        "13,900 images/s",
        "88 images/s",
        "3.14 images/s",
        "0 images/s",
    ]
    assert RunProgress().text() == ""


# --- room


@pytest.mark.parametrize("size", [(1600, 270), (1100, 300), (820, 260)])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_nothing_overlaps_or_is_clipped(panel, size, mode):
    theme.manager().set_mode(mode)
    panel.resize(*size)
    panel.handle([started(), *(batch(s) for s in range(1, 20)), epoch_done(1)])
    panel._clock.tick()
    events()
    grab(panel, f"training-{size[0]}-{mode}")
    assert panel.width() == size[0]
    shown = [panel.deck.loss, panel.deck.accuracy, panel.side.line, panel.side.bar]
    boxes = [widget.rect().translated(widget.mapTo(panel, widget.rect().topLeft())) for widget in shown]
    for at, box in enumerate(boxes):
        assert panel.rect().contains(box), shown[at]
        assert not any(box.intersects(other) for other in boxes[at + 1 :]), shown[at]


def test_fields_reflow_to_one_column_in_a_narrow_form(panel):
    grid = panel.side.form._basic
    assert grid.columns == 2
    grid.resize(150, 400)
    assert grid.columns == 1
    first, second = panel.side.form.field("optimizer"), panel.side.form.field("learning_rate")
    grid.layout().activate()
    assert first.geometry().bottom() < second.geometry().top()


def test_the_panel_dies_with_its_plots(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    panel = TrainingPanel(parent)
    panel.handle([started(), batch(1)])
    panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # no event loop of its own runs here
    assert not isValid(panel)
    theme.manager().set_mode("dark")  # telling the dead would raise


def test_momentum_can_be_set_for_sgd_alone(panel):
    assert panel.side.form.field("momentum").isEnabled()
    panel.set_settings(panel.settings().model_copy(update={"optimizer": "adam"}))
    assert not panel.side.form.field("momentum").isEnabled()


def test_the_line_says_which_weights_a_run_begins_with(panel):
    assert panel.side.line.text() == "ready to train new weights"
    panel.set_settings(panel.settings().model_copy(update={"start": "trained"}))
    assert panel.side.line.text() == "ready to go on from the trained weights"
