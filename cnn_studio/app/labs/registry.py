"""All laboratories by id. A new one is a file beside this that defines `LAB`, and its entry here."""

from __future__ import annotations

from cnn_studio.app.labs import amounts, momentum, negative, overfitting, pooling, rates, tiling, vanishing
from cnn_studio.app.labs.lab import Lab
from cnn_studio.core.errors import ParameterError

LABS: tuple[Lab, ...] = (
    vanishing.LAB,
    overfitting.LAB,
    rates.LAB,
    momentum.LAB,
    pooling.LAB,
    tiling.LAB,
    amounts.LAB,
    negative.LAB,
)
"""In the order in which a course meets them."""


def find_lab(lab_id: str) -> Lab:
    """Return a laboratory by id.

    Raises:
        ParameterError: there is none of that id; lists those there are.
    """
    for lab in LABS:
        if lab.id == lab_id:
            return lab
    raise ParameterError(f"There is no experiment {lab_id!r}; there are {', '.join(lab.id for lab in LABS)}.")
