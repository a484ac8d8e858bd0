"""What a network said of images, as CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.files import replacing

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.app.trying import Tried


def save_predictions(
    path: Path,
    labels: np.ndarray,
    predictions: np.ndarray,
    confidences: np.ndarray,
    classes: Sequence[str],
    files: Sequence[str] | None = None,
) -> None:
    """Write one row per image: file (or number from 1), true class, predicted class, confidence, right or not.

    Args:
        path: the file.
        labels, predictions: classes from 0, shape [N].
        confidences: probability of the predicted class, shape [N].
        classes: class names.
        files: name of each image, or None where images have none.

    Raises:
        StorageError: the file cannot be written.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file" if files else "image", "true", "predicted", "confidence", "right"])
    rows = zip(labels.tolist(), predictions.tolist(), confidences.tolist(), strict=True)
    for at, (true, guess, sure) in enumerate(rows):
        name = files[at] if files else at + 1
        right = "yes" if true == guess else "no"
        writer.writerow([name, _name(classes, true), _name(classes, guess), f"{sure:.6f}", right])
    # file names may hold bytes that are no text; they are written as they came
    content = out.getvalue().encode("utf-8", "surrogateescape")
    with replacing(path) as file:
        file.write(content)


def guesses_csv(found: Iterable[Tried]) -> str:
    """Return one line per image and class, the likeliest first, under a heading; images with an error have none.

    The last column is ``p`` where scores are probabilities, and ``margin`` where they are margins.
    """
    seen = [tried for tried in found if tried.guesses]
    is_margin = any(guess.scores == "margins" for tried in seen for guess in tried.guesses)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "rank", "index", "label", "margin" if is_margin else "p"])
    for tried in seen:
        for rank, guess in enumerate(tried.guesses, start=1):
            writer.writerow([tried.file, rank, guess.index, guess.label, f"{guess.score:.6f}"])
    return out.getvalue()


def save_guesses(path: Path, found: Iterable[Tried]) -> None:
    """Write `guesses_csv` to a file.

    Raises:
        StorageError: the file cannot be written.
    """
    with replacing(path) as file:
        file.write(guesses_csv(found).encode("utf-8", "surrogateescape"))


def _name(classes: Sequence[str], index: int) -> str:
    return classes[index] if 0 <= index < len(classes) else str(index)
