"""Where in the image a class is seen, by covering one place after the other.

Source: M. D. Zeiler and R. Fergus, Visualizing and understanding convolutional networks (2014), section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from cnn_studio.core.errors import ParameterError
from cnn_studio.graph.spec import BYTES_PER_NUMBER

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look, LookInside

_MOST_BATCH = 32
_BATCH_BYTES = 1 << 29
_PATCHES_ACROSS = 7  # of the usual patch


@dataclass(frozen=True)
class Occlusion:
    """What a class's score loses when places of the image are covered.

    Attributes:
        class_index: the class.
        score: its probability for the whole image, or its margin.
        patch: height and width of what covers.
        tops, lefts: where the patch lay, int64 [m] and [n].
        scores: the score with the patch there, float32 [m, n].
        heat: mean loss over the patches that covered a pixel, float32 [H, W]; below 0 where covering helps.
    """

    class_index: int
    score: float
    patch: tuple[int, int]
    tops: np.ndarray = field(repr=False)
    lefts: np.ndarray = field(repr=False)
    scores: np.ndarray = field(repr=False)
    heat: np.ndarray = field(repr=False)

    @property
    def drops(self) -> np.ndarray:
        """How much the score falls with the patch there, float32 [m, n]."""
        found: np.ndarray = np.float32(self.score) - self.scores
        return found


def usual_patch(network: LookInside) -> tuple[int, int]:
    """Return a patch of about a seventh of the image's sides: 32 × 32 of 224 × 224."""
    _, height, width = network.input_shape
    return max(1, round(height / _PATCHES_ACROSS)), max(1, round(width / _PATCHES_ACROSS))


def occlude(
    look: Look,
    class_index: int,
    *,
    patch: tuple[int, int] | None = None,
    stride: tuple[int, int] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    check: Callable[[], None] = lambda: None,
) -> Occlusion:
    """Return what a class's score loses when each place of the image is covered by its mean colour.

    Args:
        look: what the layers gave for an image.
        class_index: the class.
        patch: height and width of what covers; `usual_patch` if None.
        stride: how far it moves; half of it if None. The last places touch the lower and the right edge.
        progress: called with the places done and all places.
        check: called between batches; may raise to stop.

    Raises:
        GraphError: there is no such class.
        ParameterError: the patch is larger than the image, or it or the stride is below 1.
    """
    network = look.network
    network.check_class(class_index)
    _, height, width = network.input_shape
    patch = usual_patch(network) if patch is None else patch
    stride = (max(1, patch[0] // 2), max(1, patch[1] // 2)) if stride is None else stride
    if not (1 <= patch[0] <= height and 1 <= patch[1] <= width):
        raise ParameterError(
            f"A patch of {patch[0]} × {patch[1]} does not fit on an image of {height} × {width}."
        )
    if min(stride) < 1:
        raise ParameterError("The patch must move by one pixel or more.")
    tops, lefts = _starts(height, patch[0], stride[0]), _starts(width, patch[1], stride[1])
    image = look.images
    with torch.inference_mode():
        (score,) = _scores(network, image, class_index)
        found = np.empty(len(tops) * len(lefts), np.float32)
        corners = [(int(top), int(left)) for top in tops for left in lefts]
        size = batch_size(network)
        for start in range(0, len(corners), size):
            check()
            batch = image.repeat(len(corners[start : start + size]), 1, 1, 1)
            for covered, (top, left) in zip(batch, corners[start : start + size], strict=True):
                covered[:, top : top + patch[0], left : left + patch[1]] = 0  # the mean, once normalised
            found[start : start + size] = _scores(network, batch, class_index)
            progress(min(start + size, len(corners)), len(corners))
    scores = found.reshape(len(tops), len(lefts))
    heat = _heat(np.float32(score) - scores, tops, lefts, patch, (height, width))
    return Occlusion(class_index, float(score), patch, tops, lefts, scores, heat)


def batch_size(network: LookInside) -> int:
    """Return how many images go through a network at once, so that their values take half a gigabyte at most."""
    each = BYTES_PER_NUMBER * network.report.activations()
    return max(1, min(_MOST_BATCH, _BATCH_BYTES // max(1, each)))


def _starts(size: int, patch: int, stride: int) -> np.ndarray:
    found = list(range(0, size - patch + 1, stride))
    if found[-1] != size - patch:
        found.append(size - patch)
    return np.array(found, np.int64)


def _scores(network: LookInside, images: Tensor, class_index: int) -> np.ndarray:
    found = network.runner.run(images, {network.output})[network.output].float()
    if network.document.info.scores == "logits" and not network.ends_in_softmax:
        found = found.softmax(dim=1)
    scores: np.ndarray = found[:, class_index].numpy()
    return scores


def _heat(
    drops: np.ndarray, tops: np.ndarray, lefts: np.ndarray, patch: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    total, count = np.zeros(size, np.float64), np.zeros(size, np.int64)
    for row, top in enumerate(tops):
        for column, left in enumerate(lefts):
            place = np.s_[top : top + patch[0], left : left + patch[1]]
            total[place] += drops[row, column]
            count[place] += 1
    found: np.ndarray = (total / np.maximum(count, 1)).astype(np.float32)
    return found
