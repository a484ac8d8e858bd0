"""Measures how far new images lie from a network's source data, by the statistics in its BatchNorm layers.

A BatchNorm layer keeps the mean and the variance that each channel had on the data it was trained on, so the source data
need not be there to compare with. That these statistics tell one data set from another is an observation of Li, Wang,
Shi, Liu and Hou, "Revisiting Batch Normalization for Practical Domain Adaptation" (arXiv:1603.04779), who compare them as
Gaussians by the symmetric Kullback-Leibler divergence, averaged over channels. That divergence grows without limit where a
channel hardly varies on one side: 3 % of EfficientNet-Lite0's channels are dead, and by it grey photographs lie further
away (4.5) than enlarged thumbnails (2.8). So here two Gaussians are compared by the Hellinger distance, which cannot:

    H² = 1 − √(2 σ τ / (σ² + τ²)) · exp(−(m − μ)² / (4 (σ² + τ²)))

with mean μ and variance σ² from training, m and τ² from the new images, each variance plus the layer's own ε, as the layer
itself divides by it. H is 0 for equal statistics, 1 for such that do not overlap, and grows with every shift and with
every scaling. A layer's distance is the mean over its channels; for the total see `cnn_studio.transfer.likeness`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cnn_studio.core.errors import DataError, NetworkError
from cnn_studio.datasets.arrays import to_grey
from cnn_studio.datasets.batches import normalise
from cnn_studio.datasets.order import seeded_order
from cnn_studio.transfer.likeness import LayerDistance, Likeness, total_of

MOST_IMAGES = 200
"""Images looked at; from 50 on the distance of photographs changes by less than 0.005."""

_GROUPS = 10  # of images, each left out in turn for the standard error
_BATCH_PIXELS = 16 * 224 * 224


class _Moments:
    """Sums over images of one layer's inputs, per group of images: enough for the statistics of any union of groups."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        self.norm = norm
        self.counts = torch.zeros(_GROUPS, 1, dtype=torch.float64)
        self.sums = torch.zeros(3, _GROUPS, norm.num_features, dtype=torch.float64)

    def add(self, maps: Tensor, groups: Tensor) -> None:
        # A mean of squares less a squared mean would lose the digits; var_mean takes three times as long.
        centres = maps.float().mean(dim=(2, 3), keepdim=True)
        spreads = (maps.float() - centres).square_().mean(dim=(2, 3)).double().cpu()
        means = centres.flatten(1).double().cpu()
        self.counts.index_add_(0, groups, torch.ones(len(groups), 1, dtype=torch.float64))
        for at, values in enumerate((means, means.square(), spreads)):
            self.sums[at].index_add_(0, groups, values)

    def distance(self, keep: Tensor) -> float:
        """Return the mean distance of the channels on the groups of images in `keep` (a mask)."""
        count = self.counts[keep].sum()
        mean, square, spread = (one[keep].sum(dim=0) / count for one in self.sums)
        new = spread + (square - mean.square()).clamp(min=0)
        known_mean, known = _statistics(self.norm)
        return float(hellinger(mean, new + self.norm.eps, known_mean, known + self.norm.eps).mean())


def hellinger(mean: Tensor, var: Tensor, other_mean: Tensor, other_var: Tensor) -> Tensor:
    """Return the Hellinger distances (0 to 1) of Gaussians with these means and positive variances."""
    both = var + other_var
    overlap = (2 * (var * other_var).sqrt() / both).sqrt() * torch.exp(
        -(mean - other_mean).square() / (4 * both)
    )
    return (1 - overlap).clamp(min=0).sqrt()


def measure_similarity(
    module: nn.Module,
    images: np.ndarray,
    normalisation: tuple[Sequence[float], Sequence[float]],
    *,
    ruler: str = "",
    seed: int = 0,
    most: int = MOST_IMAGES,
    progress: Callable[[int, int], None] = lambda done, total: None,
    check: Callable[[], None] = lambda: None,
) -> Likeness:
    """Return how far images lie from the data that a network was trained on.

    Args:
        module: the network with its trained weights, on any device. Its mode comes back as it was; the order of its
            weights in memory may change.
        images: uint8 [N, C, H, W], of the size that the network takes; grey ones are repeated for a network of colour
            images, and the other way about made grey.
        normalisation: mean and deviation per channel of the network's input, of values scaled to 0..1.
        ruler: name of the network, for the record.
        seed: of the choice of images, which knows nothing of classes.
        most: how many images are looked at.
        progress: called with the images done and all that are looked at.
        check: called before each batch; may raise to stop.

    Raises:
        DataError: there are no images.
        NetworkError: the network has no BatchNorm layers with learned statistics, or gives no finite numbers.
    """
    if not len(images):
        raise DataError("There are no images to compare with the source data. Add some.")
    norms = _norms(module)
    if not norms:
        raise NetworkError(
            "This network has no BatchNorm layers with statistics of its training data, so it cannot measure how similar "
            "the images are. Measure with another network."
        )
    moments = {path: _Moments(norm) for path, norm in norms.items()}
    total = min(len(images), max(most, 1))
    rows = np.sort(seeded_order(len(images), seed)[:total])  # in file order, which disks like
    _look(module, moments, images, rows, normalisation, progress, check)
    used = {path: one for path, one in moments.items() if one.counts.sum()}
    everything = torch.ones(_GROUPS, dtype=torch.bool)
    layers = tuple(
        LayerDistance(path, one.distance(everything), one.norm.num_features) for path, one in used.items()
    )
    distance = total_of([layer.distance for layer in layers]) if layers else float("nan")
    if not np.isfinite(distance):
        raise NetworkError(
            "The network gives values that are no numbers for these images. Its weights are damaged; use others."
        )
    return Likeness(layers, distance, _deviation(list(used.values()), total), total, len(images), ruler)


def _look(
    module: nn.Module,
    moments: dict[str, _Moments],
    images: np.ndarray,
    rows: np.ndarray,
    normalisation: tuple[Sequence[float], Sequence[float]],
    progress: Callable[[int, int], None],
    check: Callable[[], None],
) -> None:
    """Run the images through the network and fill `moments`; its hooks and its mode are as before at the end."""
    device = next((one.device for one in module.parameters()), torch.device("cpu"))
    groups = torch.zeros(0, dtype=torch.int64)

    def listener(one: _Moments) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        # looked at before the layer runs: a later layer that works in place cannot change it any more
        return lambda _module, inputs: one.add(inputs[0], groups)

    was_training = module.training
    handles = [one.norm.register_forward_pre_hook(listener(one)) for one in moments.values()]
    size = max(1, _BATCH_PIXELS // (images.shape[2] * images.shape[3]))
    module.eval()
    try:
        module.to(memory_format=torch.channels_last)
        with torch.inference_mode():
            for start in range(0, len(rows), size):
                check()
                chosen = rows[start : start + size]
                groups = torch.arange(start, start + len(chosen)) % _GROUPS
                batch = _fit_channels(np.asarray(images[chosen]), len(normalisation[0]))
                inputs = normalise(torch.from_numpy(batch).to(device), *normalisation)
                module(inputs.contiguous(memory_format=torch.channels_last))
                progress(start + len(chosen), len(rows))
    finally:
        for handle in handles:
            handle.remove()
        module.train(was_training)


def _fit_channels(images: np.ndarray, channels: int) -> np.ndarray:
    if images.shape[1] == channels:
        return np.ascontiguousarray(images)
    if channels == 1 and images.shape[1] == 3:
        return to_grey(images)[:, None]
    return np.repeat(images[:, :1], channels, axis=1)


def _norms(module: nn.Module) -> dict[str, nn.BatchNorm2d]:
    """The layers whose statistics have been learned, by path; those of a new layer are 0 and 1 throughout."""
    found = {}
    for path, layer in module.named_modules():
        if isinstance(layer, nn.BatchNorm2d) and layer.running_mean is not None:
            mean, var = _statistics(layer)
            if bool((mean != 0).any()) or bool((var != 1).any()):
                found[path] = layer
    return found


def _statistics(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Mean and variance from training, float64 on the CPU."""
    mean, var = norm.running_mean, norm.running_var
    assert mean is not None and var is not None
    return mean.detach().double().cpu(), var.detach().double().cpu()


def _deviation(moments: Sequence[_Moments], num_images: int) -> float | None:
    """Return the standard error of the total by the jackknife: what leaving out one group of images at a time changes."""
    groups = min(num_images, _GROUPS)
    if groups < 2:
        return None
    totals = []
    for left_out in range(groups):
        keep = torch.ones(_GROUPS, dtype=torch.bool)
        keep[left_out] = False
        totals.append(total_of([one.distance(keep) for one in moments]))
    return float(np.sqrt((groups - 1) * np.var(totals)))
