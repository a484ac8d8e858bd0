"""How good a network is on a set of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cnn_studio.engine.computing import Features
from cnn_studio.engine.events import HeldOutResults


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Results over a set of images, in the order of the set.

    Attributes:
        loss: mean cross-entropy.
        accuracy: fraction that is right.
        predictions: predicted class, int64 of shape [N].
        confidences: softmax probability of that class, float32 of shape [N].
        ranks: how many classes were likelier than the true one, int16 of shape [N]; 0 where the network is right.
    """

    loss: float
    accuracy: float
    predictions: np.ndarray
    confidences: np.ndarray
    ranks: np.ndarray

    def as_results(self) -> HeldOutResults:
        """Return what the last event of a run tells of the test part."""
        return HeldOutResults(self.predictions, self.confidences, self.ranks)


def evaluate(
    module: nn.Module,
    batches: Iterable[tuple[Tensor | Features, Tensor]],
    logits: Callable[[Tensor | Features], Tensor] | None = None,
) -> Evaluation:
    """Measure a network in evaluation mode; the mode it was in comes back.

    Args:
        module: gives logits of shape [B, K].
        batches: images [B, C, H, W] (or what stands for them) and labels [B], at least one batch, on the module's device.
        logits: computes them, if not the module itself does it.

    Raises:
        ValueError: no batch at all.
    """
    losses: list[Tensor] = []
    hits: list[Tensor] = []
    classes: list[Tensor] = []
    log_probabilities: list[Tensor] = []
    ranks: list[Tensor] = []
    compute = logits or module
    was_training = module.training
    module.eval()
    try:
        # The batches are made outside inference mode: a source that keeps tensors could not train on them later.
        for images, labels in batches:
            with torch.inference_mode():
                log_softmax = functional.log_softmax(compute(images), dim=1)
                best = log_softmax.max(dim=1)
                losses.append(functional.nll_loss(log_softmax, labels, reduction="sum"))
                hits.append((best.indices == labels).sum())
                classes.append(best.indices)
                of_true = log_softmax.gather(1, labels.unsqueeze(1))
                # of classes that are exactly as likely the one that was predicted comes first
                above = (log_softmax > of_true).sum(dim=1) + (
                    (best.values == of_true[:, 0]) & (best.indices != labels)
                )
                ranks.append(above.to(torch.int16))
                log_probabilities.append(best.values)
    finally:
        module.train(was_training)
    if not classes:
        raise ValueError("there is no image to evaluate on")
    # One read-back at the end: on a GPU each earlier one would wait for it.
    with torch.inference_mode():
        predictions = torch.cat(classes).cpu().numpy()
        confidences = torch.cat(log_probabilities).exp().float().cpu().numpy()
        places = torch.cat(ranks).cpu().numpy()
        loss = sum(torch.stack(losses).tolist()) / len(predictions)
        accuracy = sum(torch.stack(hits).tolist()) / len(predictions)
    return Evaluation(loss, accuracy, predictions, confidences, places)
