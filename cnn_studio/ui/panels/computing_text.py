"""How a run computes and what measuring that brought, in words. No Qt."""

from __future__ import annotations

from cnn_studio.engine.events import RunStarted, SpeedTuned, describe_tuning
from cnn_studio.ui.panels.run_progress import rate_text

_PLAIN = "plain float32"


def computing_text(started: RunStarted, tuned: SpeedTuned | None) -> str:
    """Return how a run computes, such as ``Computes in bfloat16: 3.4 × plain float32 (9,400 against 2,700 images/s)``.

    Args:
        started: the start of the run.
        tuned: what was measured or known before it; None where its settings or its checkpoint say how to compute.
    """
    if tuned is None:
        way = started.precision
        return f"Computes in {_PLAIN if way == 'float32' else way}"
    tuning = tuned.tuning
    fast, slow = tuning.images_per_second, tuning.baseline
    if len(tuned.measured) < 2 and not tuned.remembered:
        return f"Computes in {_PLAIN}: the run is too short for measuring to pay"
    if slow <= 0 or fast <= slow:
        return f"Computes in {_PLAIN}: no other way was faster here ({rate_text(slow)})"
    gain = fast / slow
    way = describe_tuning(tuning) + (", one thread" if tuning.threads == 1 else "")
    return (
        f"Computes in {way}: {gain:.{1 if gain >= 1.1 else 2}f} × {_PLAIN} "
        f"({rate_text(fast).split()[0]} against {rate_text(slow)})"
    )


def computing_help(tuned: SpeedTuned | None) -> str:
    """Return what was measured, a line for each way to compute; nothing where nothing was."""
    if tuned is None:
        return ""
    if tuned.remembered:
        return "Measured in an earlier run of this network on this machine"
    return "\n".join(f"{name}: {rate_text(rate)}" for name, rate in tuned.measured)
