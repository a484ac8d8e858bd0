"""What a network said of every image, as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.files import replacing

if TYPE_CHECKING:
    import numpy as np


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


def _name(classes: Sequence[str], index: int) -> str:
    return classes[index] if 0 <= index < len(classes) else str(index)
