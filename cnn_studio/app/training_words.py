"""What the events of a run say to people, in a line each; the command line and the window write the same."""

from __future__ import annotations

from cnn_studio.app.training import DataReady, OutputFitted, StoreFailed
from cnn_studio.engine.events import (
    EpochDone,
    FrontComputed,
    RunStarted,
    SpeedTuned,
    TuningStarted,
    describe_tuning,
)

_LEAST_GAIN = 1.05  # below, a gain is the noise of the measurement


def training_words(event: object) -> str:
    """Return an event of a run in words; nothing for those that are no news by themselves."""
    match event:
        case DataReady(data):
            return (
                f"{data.name}: {len(data.train):,} images to learn from, {len(data.val):,} to validate with"
            )
        case OutputFitted(path, before, after):
            return f"{path} now has {after} units instead of {before}, one per class."
        case StoreFailed(message):
            return message
        case TuningStarted():
            return "Measuring the fastest way to compute this network here"
        case SpeedTuned(tuning) if tuning.baseline > 0:
            gain = tuning.images_per_second / tuning.baseline
            known = ", as measured before" if event.remembered else ""
            if gain < _LEAST_GAIN:
                return f"Fastest here: {describe_tuning(tuning)}; no other way was faster{known}"
            return f"Fastest here: {describe_tuning(tuning)}: {gain:.1f} × float32{known}"
        case FrontComputed(done, total, layers) if done == total:
            return f"The {layers:,} frozen layers in front were computed once for all {total:,} images"
        case RunStarted():
            learn = f"{event.trainable_params:,} of {event.total_params:,} parameters learn"
            return f"{learn}, on {event.device}, {event.precision}"
        case EpochDone():
            return f"Epoch {event.epoch}: {100 * event.val_accuracy:.1f} % of the validation images are right"
    return ""
