"""The cross-entropy loss with label smoothing, class weights and mixed labels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cnn_studio.datasets.augmentation_mixing import MixedLabels
from cnn_studio.engine.settings import ClassWeights

Labels = Tensor | MixedLabels
"""Class per image, int64 of shape [B], or two classes per image and how much the first counts."""


class ClassLoss:
    """Mean cross-entropy over a batch.

    Args:
        smoothing: share of the target that is spread over all classes (Szegedy et al. 2016).
        class_weights: weight per class, float32 of shape [K]; the mean is then weighted too, as in torch.
    """

    def __init__(self, smoothing: float, class_weights: Tensor | None) -> None:
        self._smoothing = smoothing
        self._weights = class_weights

    def __call__(self, logits: Tensor, labels: Labels) -> Tensor:
        """Return the loss, a scalar.

        Args:
            logits: float32 of shape [B, K].
            labels: class of each image; of mixed images the losses of both classes are mixed alike.
        """
        if isinstance(labels, Tensor):
            return self._mean(logits, labels)
        first, second = self._each(logits, labels.first), self._each(logits, labels.second)
        each = labels.weight * first + (1 - labels.weight) * second
        if self._weights is None:
            return each.mean()
        weights = (
            labels.weight * self._weights[labels.first] + (1 - labels.weight) * self._weights[labels.second]
        )
        return each.sum() / weights.sum()

    def _mean(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, self._weights, label_smoothing=self._smoothing)

    def _each(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(
            logits, labels, self._weights, label_smoothing=self._smoothing, reduction="none"
        )


def count_right(logits: Tensor, labels: Labels) -> Tensor:
    """Return how many images of a batch are right, a scalar; of a mixed image the larger part counts."""
    guesses = logits.argmax(dim=1)
    if isinstance(labels, Tensor):
        return (guesses == labels).sum()
    wanted = torch.where(
        torch.as_tensor(labels.weight >= 0.5, device=guesses.device), labels.first, labels.second
    )
    return (guesses == wanted).sum()


def class_weights(
    kind: ClassWeights, labels: np.ndarray, num_classes: int, device: torch.device
) -> Tensor | None:
    """Return the weights that a setting means, float32 of shape [K] on the device; None if all classes count alike.

    Args:
        kind: of the settings.
        labels: class of every training image, int64 of shape [N].
        num_classes: K.
        device: where the loss is computed.
    """
    if kind == "none":
        return None
    return balanced_weights(torch.from_numpy(labels.copy()), num_classes).to(device)


def balanced_weights(labels: Tensor, num_classes: int) -> Tensor:
    """Return weights that let every class count alike: ``N / (K n)`` for a class of n of N images (King and Zeng 2001).

    Args:
        labels: class of every training image, int64 of shape [N].
        num_classes: K.

    Returns:
        float32 of shape [K]; a class without images gets 0.
    """
    counts = torch.bincount(labels, minlength=num_classes).double()
    weights = torch.where(counts > 0, len(labels) / (num_classes * counts.clamp(min=1)), 0.0)
    return weights.float()
