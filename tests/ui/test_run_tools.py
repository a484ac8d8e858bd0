"""Runs in the window: the queue, single steps, another rate, discarding, going on; and the windows beside a run."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, Qt, QUrl

from cnn_studio.app.awake import KeptAwake
from cnn_studio.app.preferences import load_preferences
from cnn_studio.app.trying import try_images
from cnn_studio.core.errors import NetworkError
from cnn_studio.datasets.augmentation import PRESETS
from cnn_studio.datasets.cache import cache_size, clear_cache
from cnn_studio.engine.events import BatchDone, RateChanged, RunFinished, RunStarted
from tests.helpers.images import write_classes
from tests.helpers.projects import lenet
from tests.ui.test_main_window import leave, settings
from tests.ui.test_main_window import window as window  # noqa: PLC0414 - a fixture is found by its name


def idle(window, qtbot, timeout=30_000):
    qtbot.waitUntil(lambda: not window.training.is_training and not window.training.waiting, timeout=timeout)


def state(window, qtbot, wanted):
    qtbot.waitUntil(lambda: window.workspace.training.state == wanted, timeout=30_000)


def trigger(window, name):
    action = window.actions_.all[name]
    assert action.isEnabled(), name
    action.trigger()


@pytest.fixture
def seen(window):
    found = []
    window.training.events.connect(found.extend)
    return found


def test_runs_wait_for_their_turn(window, qtbot):
    settings(window, epochs=3)
    trigger(window, "train")
    settings(window, epochs=2, seed=4)
    trigger(window, "train")
    settings(window, epochs=1, seed=5)
    trigger(window, "train")
    assert len(window.training.waiting) == 2
    assert "2 runs wait" in window.workspace._message.label.text()
    idle(window, qtbot, 60_000)
    runs = window.training._store.runs()
    assert [(run.settings["epochs"], run.settings["seed"], run.status) for run in runs] == [
        (1, 5, "done"), (2, 4, "done"), (3, 0, "done"),
    ]  # fmt: skip


def test_waiting_runs_can_be_forgotten(window, qtbot):
    settings(window, epochs=100)
    trigger(window, "train")
    trigger(window, "train")
    assert "LeNet-5" in window.actions_.all["forget_waiting"].toolTip()
    trigger(window, "forget_waiting")
    assert window.training.waiting == []
    assert not window.actions_.all["forget_waiting"].isEnabled()
    state(window, qtbot, "running")
    trigger(window, "stop")
    idle(window, qtbot)
    assert len(window.training._store.runs()) == 1


def test_steps_and_another_rate_while_it_waits(window, qtbot, seen):
    settings(window, epochs=50)
    trigger(window, "train")
    state(window, qtbot, "running")
    trigger(window, "pause")
    state(window, qtbot, "paused")

    def steps():
        return [event.step for event in seen if isinstance(event, BatchDone)]

    before = steps()[-1]
    trigger(window, "step")
    qtbot.waitUntil(
        lambda: steps()[-1] == before + 1 and window.workspace.training.state == "paused", timeout=10_000
    )
    rate = window.workspace.training.side.rate
    rate.field.setText("0.0123")
    rate.button.click()
    trigger(window, "step")
    qtbot.waitUntil(lambda: any(isinstance(event, RateChanged) for event in seen), timeout=10_000)
    assert [event for event in seen if isinstance(event, RateChanged)] == [RateChanged(before + 2, 0.0123)]
    state(window, qtbot, "paused")
    trigger(window, "pause")
    state(window, qtbot, "running")
    trigger(window, "discard")
    idle(window, qtbot)
    assert window.training._store.runs() == []
    assert not window.session.has_fitting_weights


def test_a_run_that_was_cut_off_goes_on_from_the_runs_tab(window, qtbot, seen):
    settings(window, epochs=4)
    trigger(window, "train")
    qtbot.waitUntil(lambda: any(type(event).__name__ == "EpochDone" for event in seen), timeout=30_000)
    window.training.stop("interrupt")
    idle(window, qtbot)
    (row,) = window.training._store.runs()
    assert (row.status, row.can_resume) == ("interrupted", True)
    before = len(window.training._store.curve(row.id))
    seen.clear()
    window.workspace.runs.resume_requested.emit(row.id)
    idle(window, qtbot, 60_000)
    (row,) = window.training._store.runs()
    assert row.status == "done"
    steps = [event.step for event in seen if isinstance(event, BatchDone)]
    assert steps == list(range(1, 4 * 23 + 1)), "what was there before is shown again"
    assert len(window.training._store.curve(row.id)) == 92 > before
    assert window.workspace.training.deck.accuracy.header_text != "Accuracy"


def test_a_run_is_repeated_to_the_same_numbers(window, qtbot):
    settings(window, epochs=2)
    trigger(window, "train")
    idle(window, qtbot)
    settings(window, epochs=9)
    window.workspace.runs.repeat_requested.emit(1)
    idle(window, qtbot)
    store = window.training._store
    assert [b.loss for b in store.curve(1)] == [b.loss for b in store.curve(2)]
    window.training.repeat(77)
    assert "cannot be repeated" in window.workspace._message.label.text()


def test_a_rate_is_found_and_taken(window, qtbot):
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=10_000)
    trigger(window, "find_rate")
    dialog = window.tools.rates
    qtbot.waitUntil(lambda: not dialog._bridge.is_watching, timeout=30_000)
    assert dialog.rate is not None
    assert dialog.curve.num_points > 20
    assert dialog.use.text() == f"Use {dialog.rate:.2g}"
    with qtbot.waitSignal(dialog.destroyed):
        dialog.use.click()
        assert not dialog.isVisible()
    assert window.session.settings.learning_rate == pytest.approx(dialog.rate, rel=0.05)
    assert window.workspace.training.settings() == window.session.settings
    assert window.tools.rates is None


@pytest.mark.parametrize("way", ["close", "escape"])
def test_closing_the_finder_ends_its_job_and_deletes_it(window, qtbot, way):
    settings(window, batch_size=1000)
    window.tools.find_rate()
    dialog = window.tools.rates
    job = dialog._job
    with qtbot.waitSignal(dialog.destroyed):
        if way == "close":
            dialog.close()
        else:
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert job.is_cancelled
    assert window.tools.rates is None
    qtbot.waitUntil(lambda: not window.training.jobs.busy, timeout=10_000)


def test_the_finder_and_a_run_are_never_at_work_together(window, qtbot, seen):
    settings(window, epochs=40, batch_size=1000)
    window.tools.find_rate()
    dialog = window.tools.rates
    qtbot.waitUntil(lambda: bool(dialog._tried), timeout=20_000)
    assert dialog._job.is_running
    trigger(window, "train")
    assert dialog._job.is_cancelled
    qtbot.waitUntil(lambda: any(isinstance(event, BatchDone) for event in seen), timeout=30_000)
    assert not dialog._job.is_running
    qtbot.waitUntil(lambda: "because a run began" in dialog.text.text(), timeout=10_000)
    assert not dialog.use.isEnabled()
    dialog.close()
    with qtbot.waitSignal(window.tools.message) as said:
        window.tools.find_rate()
    assert "A run goes on" in said.args[0]
    assert window.tools.rates is None
    trigger(window, "stop")
    idle(window, qtbot)


def test_a_paused_run_answers_with_the_network_it_trains(window, qtbot, seen):
    settings(window, epochs=40)
    trigger(window, "train")
    qtbot.waitUntil(lambda: any(type(event).__name__ == "EpochDone" for event in seen), timeout=30_000)
    trigger(window, "pause")
    state(window, qtbot, "paused")
    document = window.session.document
    document.change_layer(document.paths["C1"], params={**document.layer_at("C1").params, "out_channels": 9})
    project = window.training.to_try()
    assert project.document.layer_at("C1").params["out_channels"] == 6
    assert len(project.weights) > 0
    assert project.document.info.preprocessing.mean == window.training._run.data.mean
    window.training.stop("interrupt")
    idle(window, qtbot)
    seen.clear()
    # one from the store has its own network too, whatever is open
    window.workspace.runs.resume_requested.emit(1)
    state(window, qtbot, "running")
    window.training.control.pause()
    state(window, qtbot, "paused")
    resumed = window.training.to_try()
    assert resumed.document.layer_at("C1").params["out_channels"] == 6
    assert resumed.document.info.labels == project.document.info.labels
    window.training.go_on(1)
    assert window.training.waiting == [], "it goes on already"
    window.training.stop("discard")
    idle(window, qtbot)


def test_a_start_that_is_damaged_is_told_with_its_own_text(window, qtbot, seen):
    settings(window, epochs=1)
    trigger(window, "train")
    idle(window, qtbot)
    seen.clear()
    window.training._store.start_file(1).write_bytes(b"no archive")
    window.training.repeat(1)
    idle(window, qtbot)
    (end,) = [event for event in seen if isinstance(event, RunFinished)]
    assert end.status == "failed"
    assert "damaged or cut off" in end.message
    window.training._store.start_file(1).unlink()
    window.training.repeat(1)
    assert "earlier version" in window.workspace._message.label.text()
    assert not window.training.is_training


def test_a_store_that_cannot_be_read_is_told(window, qtbot):
    store = window.training._store
    store._file.parent.mkdir(parents=True, exist_ok=True)
    store._file.write_bytes(b"this is no database, and long enough to be looked at" * 40)
    with qtbot.waitSignal(window.training.message) as said:
        window.training.go_on(1)
    assert "runs.sqlite" in said.args[0]
    assert not window.training.is_training


def test_the_rate_shown_is_that_of_the_run(window):
    settings(window, learning_rate=0.5)
    started = RunStarted("CPU", 1, "float32", 3, 10, 100, 20, 0, 5, 5, learning_rate=0.0077)
    window.workspace.training.handle([started])
    assert float(window.workspace.training.side.rate.field.text()) == 0.0077
    window.workspace.training.handle([replace(started, learning_rate=0.0)])
    assert float(window.workspace.training.side.rate.field.text()) == 0.5


def test_augmentation_goes_into_the_settings_and_back(window, qtbot):
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=10_000)
    trigger(window, "augment")
    panel = window.tools.augmentation
    panel.set_augmentation(PRESETS["Digits"])
    assert window.session.settings.augmentation == PRESETS["Digits"]
    assert window.workspace.training.settings().augmentation == PRESETS["Digits"]
    assert "on" in window.workspace.training.side.augment.text()
    settings(window, augmentation=PRESETS["None"])
    window._settings_edited()
    assert panel.augmentation() == PRESETS["None"]
    panel.window().close()


def test_an_image_is_tried_while_a_run_waits_and_after_it(window, qtbot, tmp_path, seen):
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=10_000)
    image = tmp_path / "zwölf.png"
    Image.fromarray(window.training.data.val.images[0, 0]).save(image)
    trigger(window, "try_image")
    dialog = window.tools.trial
    dialog.try_file(image)
    assert "no trained network" in dialog.note.text()
    settings(window, epochs=40)
    trigger(window, "train")
    qtbot.waitUntil(lambda: any(type(event).__name__ == "EpochDone" for event in seen), timeout=30_000)
    trigger(window, "pause")
    state(window, qtbot, "paused")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(image))])
    dialog._take_mime(mime)
    qtbot.waitUntil(lambda: dialog.title.text().startswith("zwölf.png: "), timeout=20_000)
    assert dialog.bars.accessibleDescription().count("%") == 5
    dialog.try_file(tmp_path / "none.png")
    qtbot.waitUntil(lambda: "cannot be read" in dialog.note.text(), timeout=20_000)
    trigger(window, "stop")
    idle(window, qtbot)
    dialog._again()
    dialog.try_file(image)
    qtbot.waitUntil(lambda: "what the network gets" in dialog.note.text(), timeout=20_000)
    dialog.close()


def test_presets_change_only_what_they_name(window):
    side = window.workspace.training.side
    settings(window, epochs=7, seed=3)
    number = side.presets.findText("AlexNet (2012)")
    side.presets.setCurrentIndex(number)
    side.presets.activated.emit(number)
    now = window.workspace.training.settings()
    assert (now.optimizer, now.momentum, now.schedule, now.seed) == ("sgd-2012", 0.9, "plateau", 3)
    assert side.presets.currentText() == "AlexNet (2012)"
    assert side.schedule.num_points > 100
    settings(window, momentum=0.5)
    assert side.presets.currentIndex() == 0


def test_an_untrained_network_cannot_be_tried():
    with pytest.raises(NetworkError, match="has not been trained yet"):
        try_images(lenet(), [Path("x.png")], lambda event: None)


def test_the_machine_is_kept_awake_or_nothing_happens():
    inhibit = shutil.which("systemd-inhibit")
    # where no login manager answers, the helper is refused and ends by itself
    answers = (
        inhibit is not None
        and subprocess.run([inhibit, "--list"], check=False, capture_output=True).returncode == 0
    )
    with KeptAwake() as awake:
        helper = awake._helper
        assert helper is None or not answers or helper.poll() is None
    assert helper is None or helper.poll() is not None


def test_closing_interrupts_a_run(window, qtbot, seen):
    settings(window, epochs=200)
    trigger(window, "train")
    qtbot.waitUntil(lambda: any(type(event).__name__ == "EpochDone" for event in seen), timeout=30_000)
    assert window.training.shut_down(10)
    (row,) = window.training._store.runs()
    assert (row.status, row.can_resume) == ("interrupted", True)
    assert np.isfinite(row.val_accuracy)
    leave(window)


def test_decoded_images_are_shown_limited_and_cleared(window, qtbot, tmp_path):
    folder = write_classes(tmp_path / "photos", {"a": 8, "b": 8})
    kept = window.kept_images
    clear_cache()
    kept.refresh()
    qtbot.waitUntil(lambda: kept.clear.text() == "Nothing is kept", timeout=5_000)
    assert not kept.clear.isEnabled()
    window.workspace.import_data(folder)
    qtbot.waitUntil(
        lambda: window.training.data is not None and window.training.data.name == "photos", timeout=20_000
    )
    kept.refresh()
    qtbot.waitUntil(kept.clear.isEnabled, timeout=5_000)
    assert "Clear (" in kept.clear.text()
    with qtbot.waitSignal(kept.message) as said:
        kept.clear.trigger()
    assert "of decoded images were deleted" in said.args[0]
    assert cache_size() == 0
    next(action for action in kept._group.actions() if action.data() == 0).trigger()
    assert load_preferences().image_cache_gb == 0
    next(action for action in kept._group.actions() if action.data() == 20).trigger()
