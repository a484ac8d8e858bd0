"""CNN codes: what a network up to a cut gives for each image of a data set, computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from cnn_studio.core.errors import NetworkError
from cnn_studio.datasets.batches import Batches
from cnn_studio.datasets.records import ImagePart
from cnn_studio.engine.computing import Computing
from cnn_studio.engine.events import Tuning

BATCH = 32


def compute_codes(
    module: nn.Module,
    part: ImagePart,
    normalisation: tuple[Sequence[float], Sequence[float]],
    tuning: Tuning,
    progress: Callable[[int], None] = lambda done: None,
    check: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Return the code of each image, float32 of shape [N, D], in evaluation mode.

    Args:
        module: images [B, C, H, W] to codes [B, D], on the device; stays there in evaluation mode, see
            `cnn_studio.graph.cutting.code_network`.
        part: the images.
        normalisation: mean and deviation per channel, of values scaled to 0..1.
        tuning: how to compute.
        progress: called with the number of images done.
        check: called between batches; may raise to stop.

    Raises:
        NetworkError: a code is not finite, or no vector.
    """
    device = next((param.device for param in module.parameters()), torch.device("cpu"))
    module.eval()
    computing = Computing(module, device, tuning)
    batches = Batches(part, *normalisation, BATCH, device)
    found: np.ndarray | None = None
    done = 0
    with torch.inference_mode():
        for images, _ in batches.in_order():
            check()
            codes = computing.logits(images)
            if codes.ndim != 2:
                raise NetworkError("The network does not give one vector per image at this cut.")
            if found is None:
                found = np.empty((len(part), codes.shape[1]), dtype=np.float32)
            found[done : done + len(codes)] = codes.cpu().numpy()
            done += len(codes)
            progress(done)
    if found is None:
        return np.empty((0, 0), dtype=np.float32)
    if not np.isfinite(found).all():
        row = int(np.argmin(np.isfinite(found).all(axis=1)))
        raise NetworkError(
            f"The network gives codes that are no numbers (image {row + 1:,}). Its weights are damaged; use others."
        )
    return found
