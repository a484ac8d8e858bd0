"""What went wrong in a run, in sentences."""

from __future__ import annotations

import math
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import torch

from cnn_studio.core.errors import Cancelled, RunError, StudioError
from cnn_studio.engine.blame import Culprit
from cnn_studio.engine.device import free_device_memory
from cnn_studio.engine.resources import LowMemoryError


@contextmanager
def told_in_a_sentence(device: torch.device, describe: Callable[[Exception], str]) -> Iterator[None]:
    """Turn what a network, data or a device raises inside the block into a `RunError`, and free the device's memory.

    Args:
        device: where the block computes.
        describe: makes the sentence.

    Raises:
        RunError: something was raised that is no error of the program's own.
    """
    failure = ""
    try:
        yield
    except (StudioError, Cancelled):
        raise
    except Exception as error:  # noqa: BLE001  whatever a network, data or a device raises is told in a sentence
        failure = describe(error)
        # the traceback holds the tensors of the step, and with them the memory that a run needs
        traceback.clear_frames(error.__traceback__)
    finally:
        with suppress(RuntimeError):
            free_device_memory(device)
    if failure:
        raise RunError(failure)


def not_finite(
    what: str, loss: float, where: str, *, rate: float, learning_rate: float, culprit: Culprit | None = None
) -> RunError:
    """Return the error for a loss that is no number any more.

    Args:
        what: such as ``loss``.
        loss: NaN or infinite.
        where: such as ``epoch 2, step 37``.
        rate: used in the step.
        learning_rate: of the settings; the advice starts from it.
        culprit: the layer where it arose, if one was found.
    """
    became = "NaN (not a number)" if math.isnan(loss) else "infinite"
    if culprit is None:
        arose = ""
    elif culprit.in_weights:
        arose = f" It arose in layer {culprit.path}, whose weights are no numbers any more."
    else:
        arose = f" It arose in layer {culprit.path}: its input and weights are numbers, its output is not."
    return RunError(
        f"The {what} became {became} in {where}, at a learning rate of {rate:.3g}.{arose} The steps are most likely too "
        f"long: lower the learning rate, to {learning_rate / 10:.1g} for example, and train again."
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that a device or the machine has no memory left."""
    text = str(error)
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError | LowMemoryError)
        or "out of memory" in text
        or "DefaultCPUAllocator" in text
    )


def describe_failure(error: Exception, *, epoch: int, step: int, batch_size: int) -> str:
    """Return one or two sentences on why a run ended: what, where, and what to do.

    Args:
        error: what was raised; the text of a `StudioError` is used as it is.
        epoch, step: where the run was; 0 before the first step.
        batch_size: images per step.
    """
    if isinstance(error, StudioError):
        return str(error)
    where = f"in epoch {epoch}, step {step}" if step else "before the first step"
    text = str(error)
    if is_out_of_memory(error):
        smaller = (
            f" Take a smaller batch, such as {max(1, batch_size // 2):,}," if batch_size > 1 else " Take"
        )
        on_gpu = not isinstance(error, MemoryError) and "DefaultCPUAllocator" not in text
        device = "memory of the GPU" if on_gpu else "memory of this machine"
        return (
            f"The {device} ran out {where}, with batches of {batch_size:,}{_sizes(text)}.{smaller}"
            f"{' or' if batch_size > 1 else ''} a smaller network or smaller images."
        )
    if "Expected more than 1 value per channel" in text:
        return (
            f"Batch normalisation got a batch with a single value per channel {where}, and one value has no "
            "spread to normalise by. Change the batch size so that no batch, the last one included, holds a "
            "single image."
        )
    first_line = text.strip().splitlines()[0] if text.strip() else "no further text"
    return (
        f"The run failed {where}: {first_line.rstrip('.')} ({type(error).__name__}). "
        "The details say where in the program it happened."
    )


def _sizes(text: str) -> str:
    """Return what PyTorch's text says was asked for and is there, as part of a sentence; nothing if it says neither."""
    asked = re.search(r"Tried to allocate ([\d.]+ [KMG]iB)", text)
    capacity = re.search(r"total capacity of ([\d.]+ [KMG]iB)", text)
    plain = re.search(r"you tried to allocate (\d+) bytes", text)
    if asked and capacity:
        return f": {asked.group(1)} more were needed, and the card has {capacity.group(1)} in all"
    if asked:
        return f": {asked.group(1)} more were needed"
    return f": {int(plain.group(1)) / 1e9:,.1f} GB more were needed at once" if plain else ""
