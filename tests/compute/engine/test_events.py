"""Which events a run reports, in every way that it can go."""

import itertools
import math
import re
import threading
import time

import pytest
import torch
from torch import nn

from cnn_studio.core.errors import RunError
from cnn_studio.datasets.records import ImagePart
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone, EpochDone, RunContinued, RunPaused, RunStarted
from cnn_studio.engine.failures import describe_failure
from cnn_studio.engine.loop import train
from cnn_studio.engine.plan import LayerPlan
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.tiny_training import bits, epochs, finished, pattern, run, tiny_data, tiny_network

SETTINGS = TrainSettings(batch_size=32, epochs=3)  # 3 steps per epoch


def iterate(module, control, react, settings=SETTINGS, data=None):
    """Run to the end and call `react` with each event as it comes."""
    events = []
    for event in train(module, data or tiny_data(), settings, control):
        events.append(event)
        react(event)
    return events


def test_a_run_to_its_end():
    events = run(tiny_network(), SETTINGS)
    assert pattern(events) == "RBBBEBBBEBBBEF"
    started, last = events[0], finished(events)
    assert started.device == "CPU"
    assert started.threads == torch.get_num_threads()
    assert (started.num_train, started.num_val, started.num_test) == (96, 30, 20)
    assert (started.num_epochs, started.steps_per_epoch) == (3, 3)
    assert started.total_params == started.trainable_params == 40 + 8 + 435
    batches = [e for e in events if isinstance(e, BatchDone)]
    assert [e.step for e in batches] == list(range(1, 10))
    assert [e.epoch for e in batches] == [1] * 3 + [2] * 3 + [3] * 3
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(batches))
    assert [(e.epoch, e.step) for e in epochs(events)] == [(1, 3), (2, 6), (3, 9)]
    assert (last.status, last.message, last.details) == ("done", "", "")
    assert last.images_per_second == pytest.approx(9 * 32 / epochs(events)[-1].seconds, rel=0.2)


def test_a_step_gives_its_gradients_right_after_its_batch():
    events = run(tiny_network(), SETTINGS)
    names = [type(event).__name__ for event in events]
    assert names[1:3] == ["BatchDone", "GradientsMeasured"]
    for before, event in itertools.pairwise(events):
        if type(event).__name__ == "GradientsMeasured":
            assert isinstance(before, BatchDone)
            assert before.step == event.step


def test_a_pause_and_going_on_changes_nothing_but_the_events():
    control = RunControl()
    waited = 0.3
    clock = {}

    def react(event):
        if isinstance(event, BatchDone):
            clock[event.step] = time.perf_counter() - event.seconds
        if isinstance(event, BatchDone) and event.step == 4:
            control.pause()
        if isinstance(event, RunPaused):
            assert event.step == 4
            threading.Timer(waited, control.resume).start()

    module, undisturbed = tiny_network(), tiny_network()
    events = iterate(module, control, react)
    assert pattern(events) == "RBBBEBPCBBEBBBEF"
    assert next(e for e in events if isinstance(e, RunContinued)).step == 4
    assert finished(events).status == "done"
    assert clock[5] - clock[4] > 0.9 * waited, "the pause counts as training time"
    run(undisturbed, SETTINGS)
    assert bits(module) == bits(undisturbed)


def test_a_paused_run_uses_no_processor_time():
    control = RunControl()
    control.pause()
    used = []

    def wait():
        before = time.thread_time()
        control.wait_while_paused()
        used.append(time.thread_time() - before)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.2)
    assert waiting.is_alive()
    control.resume()
    waiting.join(10)
    assert used[0] < 0.1


def test_a_stop_ends_the_run_with_the_best_epoch():
    control = RunControl()
    events = iterate(
        tiny_network(),
        control,
        lambda e: control.stop() if isinstance(e, BatchDone) and e.step == 4 else None,
    )
    assert pattern(events) == "RBBBEBF"
    last = finished(events)
    assert (last.status, last.epoch, last.test_accuracy) == ("stopped", 1, None)
    assert last.val_accuracy == epochs(events)[0].val_accuracy
    assert last.weights is not None


def test_a_stop_in_the_first_epoch_keeps_the_weights_as_they_are():
    control = RunControl()
    module = tiny_network()
    events = iterate(module, control, lambda e: control.stop() if isinstance(e, BatchDone) else None)
    last = finished(events)
    assert pattern(events) == "RBF"
    assert (last.status, last.epoch, last.val_accuracy) == ("stopped", 0, None)
    assert {key: value.numpy().tobytes() for key, value in last.weights.items()} == bits(module)
    assert bits(module) != bits(tiny_network())


def test_a_stop_wins_over_a_pause():
    control = RunControl()

    def react(event):
        if isinstance(event, BatchDone):
            control.pause()
            control.stop()

    assert pattern(iterate(tiny_network(), control, react)) == "RBF"


def test_a_stop_from_another_thread_ends_a_pause():
    control = RunControl()

    def react(event):
        if isinstance(event, BatchDone) and event.step == 5:
            control.pause()
        if isinstance(event, RunPaused):
            threading.Timer(0.05, control.stop).start()

    events = iterate(tiny_network(), control, react)
    assert pattern(events) == "RBBBEBBPF"
    assert finished(events).status == "stopped"


def test_a_stop_cuts_a_validation_short():
    control = RunControl()

    class StopsInValidation(nn.Sequential):
        def forward(self, x):
            if not self.training:
                control.stop()
            return super().forward(x)

    data = tiny_data(val=300)
    events = list(train(StopsInValidation(*tiny_network()), data, SETTINGS, control))
    assert pattern(events) == "RBBBF"
    assert finished(events).status == "stopped"


def test_a_stop_in_the_test_at_the_end_leaves_no_test_accuracy():
    control = RunControl()
    events = iterate(
        tiny_network(),
        control,
        lambda e: control.stop() if isinstance(e, EpochDone) and e.epoch == 3 else None,
    )
    last = finished(events)
    assert pattern(events) == "RBBBEBBBEBBBEF"
    assert (last.status, last.test_accuracy) == ("stopped", None)


class FailsAtStep(nn.Sequential):
    def __init__(self, step, error):
        super().__init__(*tiny_network())
        self.left, self.error = step, error

    def forward(self, x):
        self.left -= self.training
        if self.left <= 0:
            raise self.error
        return super().forward(x)


def test_an_error_in_the_network_ends_the_run_with_a_sentence():
    events = run(FailsAtStep(5, ValueError("the maps do not fit")), SETTINGS)
    last = finished(events)
    assert pattern(events) == "RBBBEBF"
    assert last.status == "failed"
    assert last.epoch == 1
    assert last.weights is not None
    assert "epoch 2, step 5: the maps do not fit (ValueError)" in last.message
    assert "Traceback" in last.details
    assert "in forward" in last.details


def test_the_text_of_a_studio_error_is_used_as_it_is():
    events = run(FailsAtStep(1, RunError("The kettle is empty. Fill it.")), SETTINGS)
    assert pattern(events) == "RF"
    assert finished(events).message == "The kettle is empty. Fill it."
    assert finished(events).weights is None


@pytest.mark.parametrize("learning_rate", [10.0])
def test_a_loss_that_is_no_number_names_place_rate_and_advice(learning_rate):
    class Explodes(nn.Sequential):
        def forward(self, x):
            return super().forward(x) * 1e25

    events = run(
        Explodes(*tiny_network()), TrainSettings(batch_size=32, epochs=3, learning_rate=learning_rate)
    )
    last = finished(events)
    assert last.status == "failed"
    assert pattern(events).endswith("F")
    assert all(math.isfinite(e.loss) for e in events if isinstance(e, BatchDone))
    assert re.search(r"The loss became (NaN \(not a number\)|infinite) in epoch 1, step \d", last.message)
    assert "learning rate of 10." in last.message
    assert "lower the learning rate, to 1 for example" in last.message


def test_a_validation_loss_that_is_no_number_keeps_the_epoch_before():
    class ExplodesLater(nn.Sequential):
        validations = 0

        def forward(self, x):
            self.validations += not self.training
            return super().forward(x) * (float("nan") if self.validations == 2 else 1)

    last = finished(run(ExplodesLater(*tiny_network()), SETTINGS))
    assert (last.status, last.epoch) == ("failed", 1)
    assert (
        "The validation loss became NaN (not a number) in the validation after epoch 2, step 6"
        in last.message
    )
    assert last.weights is not None


def test_a_gpu_without_memory_advises_a_smaller_batch():
    events = run(
        FailsAtStep(2, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")), SETTINGS
    )
    last = finished(events)
    assert pattern(events) == "RBF"
    assert "ran out in epoch 1, step 2, with batches of 32" in last.message
    assert "such as 16" in last.message


def test_one_value_per_channel_is_explained():
    data = tiny_data(train=3)
    module = nn.Sequential(nn.Conv2d(1, 4, 8), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 3))
    last = finished(run(module, TrainSettings(batch_size=1, epochs=1), data))
    assert last.status == "failed"
    assert "batch size" in last.message


def test_an_error_without_text_still_gives_a_sentence():
    text = describe_failure(KeyError(), epoch=0, step=0, batch_size=8)
    assert text.startswith("The run failed before the first step: no further text (KeyError).")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 5)), "gives 5 numbers for each image, but the data has 3"),
        (nn.Conv2d(1, 3, 3), "3 × 6 × 6 for each image"),
    ],
)
def test_a_network_that_does_not_give_one_number_per_class(head, words):
    last = finished(run(head, SETTINGS))
    assert last.status == "failed"
    assert words in last.message


def test_what_cannot_start_reports_one_event():
    frozen = [LayerPlan("", trainable=False)]
    empty = tiny_data()
    nobody = ImagePart(empty.val.images[:0], empty.val.labels[:0])
    for events, words in [
        (run(tiny_network(), SETTINGS, plans=frozen), "nothing to train"),
        (run(tiny_network(), SETTINGS, plans=[LayerPlan("conv9")]), "'conv9'"),
        (run(nn.Flatten(), SETTINGS), "no layer with weights"),
        (
            run(
                tiny_network(), SETTINGS, type(empty)("X", ("a",), empty.train, nobody, None, (0.0,), (1.0,))
            ),
            "validation",
        ),
    ]:
        assert pattern(events) == "F"
        last = finished(events)
        assert (last.status, last.epoch, last.val_accuracy, last.weights) == ("failed", 0, None, None)
        assert last.images_per_second == 0
        assert words in last.message


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the GPU that the run asks for")
def test_a_missing_gpu_says_how_to_get_one():
    last = finished(run(tiny_network(), TrainSettings(device="cuda")))
    assert last.status == "failed"
    assert "CUDA" in last.message or "driver" in last.message
    assert "CPU" in last.message


def process_switches():
    return (
        torch.get_deterministic_debug_mode(),
        torch.backends.cudnn.allow_tf32,
        torch.backends.cuda.matmul.allow_tf32,
        torch.backends.cudnn.benchmark,
        torch.utils.deterministic.fill_uninitialized_memory,
        torch.get_num_threads(),
    )


@pytest.mark.parametrize("num_events", [0, 1, 3, 6, 14])
def test_a_closed_generator_cleans_up_and_stays_silent(num_events):
    before = process_switches()
    module = tiny_network()
    generator = train(module, tiny_data(), SETTINGS, RunControl())
    seen = [next(generator) for _ in range(num_events)]
    if seen:
        assert isinstance(seen[0], RunStarted)
        assert process_switches() != before
    generator.close()
    assert process_switches() == before
    assert all(param.grad is None for param in module.parameters())
    assert list(generator) == []


@pytest.mark.parametrize("module", [tiny_network(), FailsAtStep(2, ValueError("no"))], ids=["done", "failed"])
def test_process_wide_switches_come_back(module):
    before = process_switches()
    run(module, SETTINGS, plans=[LayerPlan("1", trainable=False)])
    assert process_switches() == before
    assert not any(part._forward_pre_hooks for part in module.modules())
