"""What a network says of single images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from cnn_studio.datasets.batches import normalise
from cnn_studio.graph.document import Scores


@dataclass(frozen=True, slots=True)
class Guess:
    """One of the likeliest classes of an image.

    Attributes:
        index: of the class.
        label: its name, or its number where names are not known.
        score: its softmax probability, or its margin.
        scores: which of the two.
    """

    index: int
    label: str
    score: float
    scores: Scores = "logits"

    @property
    def text(self) -> str:
        """The score for people: a probability in percent, or a margin with its sign."""
        return f"{100 * self.score:.1f} %" if self.scores == "logits" else f"margin {self.score:+.2f}"


def predict(
    module: nn.Module,
    images: np.ndarray,
    mean: Sequence[float],
    std: Sequence[float],
    labels: Sequence[str],
    top: int = 5,
    scores: Scores = "logits",
) -> list[list[Guess]]:
    """Return the likeliest classes of each image, the likeliest first; the mode of the network comes back.

    Args:
        module: on the CPU; gives logits of shape [N, K].
        images: uint8 of shape [N, C, H, W], resized as in training.
        mean, std: per channel, of values scaled to 0..1.
        labels: class names; may be fewer than K.
        top: how many per image.
        scores: what the network gives; of margins no probabilities are made.
    """
    was_training = module.training
    module.eval()
    try:
        with torch.inference_mode():
            logits = module(normalise(torch.from_numpy(images.copy()), mean, std))
            found = logits.float().softmax(dim=1) if scores == "logits" else logits.float()
            best = found.topk(min(top, logits.shape[1]), dim=1)
    finally:
        module.train(was_training)
    return [
        [
            Guess(index, labels[index] if index < len(labels) else str(index), score, scores)
            for score, index in zip(*row, strict=True)
        ]
        for row in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]
