"""Networks to look into, and gradients that say what a cell really depends on."""

from __future__ import annotations

import copy

import numpy as np
import torch

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.insight.maps import LookInside


def random_image(network: LookInside, seed: int = 0) -> np.ndarray:
    """Random pixels of the network's input size."""
    return np.random.default_rng(seed).integers(0, 256, network.input_shape, dtype=np.uint8)


def random_state(network: LookInside, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random tensors for all keys, spread so that sums stay near 1; variances are positive."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for layer_id in network.runner.layers:
        path = network.document.layer(layer_id).path
        for name, tensor in network.runner.tensors(layer_id).items():
            value = torch.randn(tensor.shape, generator=generator)
            if name == "weight" and tensor.ndim > 1:
                value /= max(1.0, tensor[0].numel() ** 0.5)
            if name == "running_var":
                value = value.abs() + 0.5
            found[f"{path}.{name}".rstrip(".")] = value.to(tensor.dtype)
    return found


def randomised(document: NetworkDocument, seed: int = 0) -> LookInside:
    """A network with random tensors everywhere, statistics of norms included."""
    plain = LookInside(document)
    return LookInside(document, random_state(plain, seed), normalisation=_centred(plain))


def _centred(network: LookInside) -> tuple[tuple[float, ...], tuple[float, ...]]:
    channels = network.input_shape[0]
    return (0.5,) * channels, (0.25,) * channels


def seen_by_gradient(network: LookInside, layer_id: int, cell: tuple[int, ...]) -> np.ndarray:
    """The pixels [H, W] of the image that have a gradient to a cell, in float64.

    All weights are positive and drawn at random, so that no two ways cancel each other.
    """
    runner = copy.deepcopy(network.runner)
    generator = torch.Generator().manual_seed(11)
    for tensor in (*runner.module.parameters(), *runner.module.buffers()):
        if tensor.is_floating_point():
            tensor.data = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) + 0.1
            if tensor.ndim > 1:
                tensor.data /= tensor[0].numel()  # sums stay near 1, where no sigmoid is flat
    image = torch.rand((1, *network.input_shape), generator=generator, dtype=torch.float64) + 0.1
    image.requires_grad_()
    value = runner.run(image, {layer_id})[layer_id][0][network.raw_index(layer_id, cell)]
    if not value.requires_grad:
        return np.zeros(network.input_shape[1:], bool)
    (gradient,) = torch.autograd.grad(value, image)
    return (gradient[0] != 0).any(dim=0).numpy()
