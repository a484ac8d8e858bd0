"""What went wrong in a run, in sentences."""

from __future__ import annotations

import math

import torch

from cnn_studio.core.errors import RunError, StudioError


def not_finite(what: str, loss: float, where: str, *, rate: float, learning_rate: float) -> RunError:
    """Return the error for a loss that is no number any more.

    Args:
        what: such as ``loss``.
        loss: NaN or infinite.
        where: such as ``epoch 2, step 37``.
        rate: used in the step.
        learning_rate: of the settings; the advice starts from it.
    """
    became = "NaN (not a number)" if math.isnan(loss) else "infinite"
    return RunError(
        f"The {what} became {became} in {where}, at a learning rate of {rate:.3g}. The steps are most likely too "
        f"long: lower the learning rate, to {learning_rate / 10:.1g} for example, and train again."
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
    if isinstance(error, torch.OutOfMemoryError) or "out of memory" in text or "DefaultCPUAllocator" in text:
        smaller = (
            f" Take a smaller batch, such as {max(1, batch_size // 2):,}," if batch_size > 1 else " Take"
        )
        device = "memory of this machine" if "DefaultCPUAllocator" in text else "memory of the GPU"
        return (
            f"The {device} ran out {where}, with batches of {batch_size:,}.{smaller}"
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
