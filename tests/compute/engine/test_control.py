"""What other threads may ask of a run: one step, another rate, an end of three kinds."""

import threading

import pytest
import torch

from cnn_studio.core.errors import Cancelled
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone, CheckpointReady, EpochDone, EpochWeights, RunPaused
from cnn_studio.engine.loop import train
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.tiny_training import bits, finished, pattern, run, tiny_data, tiny_network

SETTINGS = TrainSettings(batch_size=32, epochs=3)  # 3 steps per epoch


def iterate(module, control, react, settings=SETTINGS):
    events = []
    for event in train(module, tiny_data(), settings, control):
        events.append(event)
        react(event)
    return events


def test_all_events_of_a_run_in_their_order(monkeypatch):
    monkeypatch.setattr("cnn_studio.engine.gradients.INTERVAL", 0.0)
    monkeypatch.setattr("cnn_studio.engine.resources.SPEED_SECONDS", 0.0)
    monkeypatch.setattr("cnn_studio.engine.run._CHECKPOINT_SHARE", 0)
    events = run(tiny_network(), SETTINGS)
    assert pattern(events, optional=True) == "R" + "BGMBGMBGMEWK" * 3 + "F"
    often = SETTINGS.model_copy(update={"checkpoint_minutes": 0.05, "epochs": 1})
    monkeypatch.setattr("cnn_studio.engine.run.time.monotonic", _racing_clock())
    assert pattern(run(tiny_network(), often), optional=True) == "RBGMKBGMKBGMKEWKF"


def _racing_clock():
    """A clock that goes on by ten seconds at each look."""
    seconds = iter(range(0, 10**9, 10))
    return lambda: float(next(seconds))


def test_weights_between_epochs_for_whoever_asks():
    control, seen, modules = RunControl(), [], []
    module = tiny_network()

    def react(event):
        if isinstance(event, EpochWeights):
            seen.append(event)
            modules.append(bits(module))
        if isinstance(event, EpochDone) and event.epoch == 3:
            control.want_weights()  # too late for this one

    control.want_weights()
    events = iterate(module, control, react, SETTINGS.model_copy(update={"epochs": 5}))
    assert [event.epoch for event in seen] == [1, 3]
    kinds = [type(event) for event in events]
    assert kinds[kinds.index(EpochWeights) - 1] is EpochDone
    for event, before in zip(seen, modules, strict=True):
        assert {key: value.numpy().tobytes() for key, value in event.weights.items()} == before
    assert modules[0] != modules[1]
    undisturbed = tiny_network()
    run(undisturbed, SETTINGS.model_copy(update={"epochs": 5}))
    assert bits(module) == bits(undisturbed)


def test_single_steps_in_a_pause():
    control, steps = RunControl(), []

    def react(event):
        if isinstance(event, BatchDone) and event.step == 4:
            control.pause()
        if isinstance(event, RunPaused):
            steps.append(event.step)
            (control.step_once if len(steps) < 4 else control.resume)()

    module, undisturbed = tiny_network(), tiny_network()
    events = iterate(module, control, react)
    assert steps == [4, 5, 6, 7]
    assert pattern(events) == "RBBBEBPBPBEPBPCBBEF"
    run(undisturbed, SETTINGS)
    assert bits(module) == bits(undisturbed)


def test_going_on_during_a_single_step_is_told():
    control = RunControl()

    def react(event):
        if isinstance(event, BatchDone) and event.step == 4:
            control.pause()
        if isinstance(event, RunPaused):
            control.step_once()
        if isinstance(event, BatchDone) and event.step == 5:
            control.resume()

    assert pattern(iterate(tiny_network(), control, react)) == "RBBBEBPBCBEBBBEF"


def test_a_paused_run_hands_out_its_network():
    control, seen = RunControl(), []

    def react(event):
        if isinstance(event, BatchDone) and event.step == 4:
            control.pause()
        if isinstance(event, RunPaused):
            seen.append((event.weights, bits(module)))
            control.resume()

    module = tiny_network()
    iterate(module, control, react)
    weights, then = seen[0]
    assert {key: value.numpy().tobytes() for key, value in weights.items()} == then
    assert then != bits(module), "a copy, and training went on"


def test_a_pause_leaves_a_checkpoint():
    control = RunControl()

    def react(event):
        if isinstance(event, BatchDone) and event.step == 2:
            control.pause()
        if isinstance(event, RunPaused):
            control.resume()

    events = iterate(tiny_network(), control, react)
    at = next(n for n, event in enumerate(events) if isinstance(event, RunPaused))
    assert isinstance(events[at - 1], CheckpointReady)
    assert events[at - 1].checkpoint.position.step == 2


@pytest.mark.parametrize(
    ("kinds", "status", "has_weights"),
    [
        (["keep"], "stopped", True),
        (["discard"], "discarded", False),
        (["interrupt"], "interrupted", True),
        (["keep", "discard"], "discarded", False),
        (["discard", "interrupt", "keep"], "discarded", False),
        (["keep", "interrupt"], "interrupted", True),
    ],
)
def test_three_kinds_of_end(kinds, status, has_weights):
    control = RunControl()

    def react(event):
        if isinstance(event, BatchDone) and event.step == 5:
            for kind in kinds:
                control.stop(kind)

    last = finished(iterate(tiny_network(), control, react))
    assert last.status == status
    assert (last.weights is not None) == has_weights
    assert (last.val_accuracy is not None) == has_weights


def test_a_step_asked_for_by_another_thread_wakes_the_run():
    control = RunControl()
    control.pause()
    found = []
    waiting = threading.Thread(target=lambda: found.append(control.wait_while_paused()))
    waiting.start()
    control.step_once()
    waiting.join(10)
    assert found == [True]
    assert control.pause_requested
    control.resume()
    assert control.wait_while_paused() is False


def test_early_stopping_ends_after_epochs_without_a_better_one():
    settings = TrainSettings(batch_size=96, epochs=50, learning_rate=1e-12, early_stop=3)
    events = run(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3)), settings)
    done = [e for e in events if type(e).__name__ == "EpochDone"]
    assert [e.is_best for e in done] == [True] + [False] * 3
    assert finished(events).status == "done"
    assert finished(events).test_accuracy is not None


@pytest.mark.parametrize("kind", ["keep", "interrupt", "discard"])
def test_other_work_hears_of_a_stop_of_any_kind(kind):
    control = RunControl()
    control.pause()
    control.check()
    control.stop(kind)
    with pytest.raises(Cancelled):
        control.check()
