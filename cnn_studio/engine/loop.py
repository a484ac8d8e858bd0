"""The one training loop: a generator of events that the window, the command line and the tests iterate alike.

It knows no thread: whoever iterates it decides where it runs.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Sequence

from torch import nn

from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.checkpoint import Checkpoint
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import Event, Status, Tuning
from cnn_studio.engine.failures import describe_failure, is_out_of_memory
from cnn_studio.engine.plan import LayerPlan
from cnn_studio.engine.run import Run, StopObeyedError
from cnn_studio.engine.settings import TrainSettings

Normalisation = tuple[Sequence[float], Sequence[float]]
"""Mean and standard deviation per channel, of values scaled to 0..1."""


def train(
    module: nn.Module,
    data: ImageData,
    settings: TrainSettings,
    control: RunControl,
    *,
    plans: Iterable[LayerPlan] = (),
    normalisation: Normalisation | None = None,
    tuning: Tuning | None = None,
    resume: Checkpoint | None = None,
) -> Iterator[Event]:
    """Train a network and report what happens, in the order that `cnn_studio.engine.events` lists.

    Nothing is raised: an error becomes a `RunFinished` with status ``failed``. Nothing is drawn from PyTorch's
    process-wide random state; before each step every submodule with a method ``reseed(seed)`` is given a seed
    derived from the run's seed, the step and its place among them. Closing the generator ends the run without an
    event.

    Args:
        module: images [B, C, H, W] to logits [B, number of classes]. It belongs to the run until the last
            event: it is trained in place, moves to the run's device, and comes back to the CPU. After a run
            that is done it holds the kept weights.
        data: the images; training and validation part must not be empty.
        settings: how to train.
        control: pause, rate and stop requests, obeyed between steps; a stop also between batches of an evaluation.
        plans: what is frozen and how fast the rest learns; see `apply_plan`.
        normalisation: mean and deviation to use; those of the training part if None.
        tuning: how to compute, known from before; None measures it, if the settings say speed ``auto``.
        resume: where to go on from; settings, data, plans and seed must be those of the run it came from.
    """
    run = Run(module, data, settings, control)
    status: Status = "done"
    message = details = ""
    smaller: int | None = None
    try:
        yield from run.events(plans, normalisation or (data.mean, data.std), tuning, resume)
    except StopObeyedError:
        status = _STATUS[control.stop_kind]
    except Exception as error:  # noqa: BLE001  whatever a network, data or a device raises ends in an event
        status = "failed"
        message = describe_failure(
            error, epoch=run.state.epoch, step=run.state.step, batch_size=settings.batch_size
        )
        details = traceback.format_exc()
        if is_out_of_memory(error) and settings.batch_size > 1:
            smaller = max(1, settings.batch_size // 2)
        # the traceback holds the tensors of the step, and with them the memory that the next run needs
        traceback.clear_frames(error.__traceback__)
    finally:
        run.close()
    yield run.finished(status, message, details, smaller)


_STATUS: dict[str, Status] = {"keep": "stopped", "discard": "discarded", "interrupt": "interrupted"}
