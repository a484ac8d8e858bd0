"""What a kept run reported, as the events that it reported, so that plots can go on where it broke off."""

from __future__ import annotations

from cnn_studio.app.runs import RunStore
from cnn_studio.engine.events import EpochDone, Event, RateChanged

_RATE = "learning rate "


def read_history(store: RunStore, run: int, most: int = 20_000) -> list[Event]:
    """Return batches, measurements, epochs and changed rates of a run, in the order of their steps.

    Args:
        store: where it is kept.
        run: its number.
        most: about how many batches at the most.

    Raises:
        StorageError: the store cannot be read.
    """
    import numpy as np

    nothing = np.zeros(0, dtype=np.int64)
    found: list[tuple[int, int, Event]] = []  # step, place among the events of a step, event
    found += [(event.step, 0, event) for event in store.curve(run, most)]
    found += [(event.step, 1, event) for event in store.layer_history(run)]
    found += [(event.step, 2, event) for event in store.resources(run)]
    best = (-1.0, 0.0)
    for row in store.epochs(run):
        # as the run itself decides: by accuracy, then by loss
        rank = (row.val_accuracy, -row.val_loss)
        is_best, best = rank > best, max(rank, best)
        event = EpochDone(
            row.epoch, row.step, row.train_loss, row.train_accuracy, row.val_loss, row.val_accuracy, is_best, 0.0,
            nothing, nothing.astype(np.float32),
        )  # fmt: skip
        found.append((row.step, 3, event))
    found += [(event.step, 4, event) for event in store.weight_history(run)]
    for note in store.notes(run):
        if note.kind == "rate" and note.text.startswith(_RATE):
            found.append((note.step, 5, RateChanged(note.step, float(note.text.removeprefix(_RATE)))))
    return [event for _, _, event in sorted(found, key=lambda entry: entry[:2])]
