"""Looking inside: from an image to the maps of all layers, against a limit and against the bare forward pass."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import numpy as np
from display import display
from measure import Budget, Row, absolute_row, alternate, row
from probe import run_probe

LENET_MS = 30.0
PAINTED_MS = 50.0
FORWARDS, EXTRA_SECONDS = 1.5, 0.1


def window_rows(budget: Budget) -> Iterator[Row]:
    """LeNet-5 in the real window: from an image to painted maps, and from a stroke of the pen to painted bars."""
    with display() as environment:
        rounds = [run_probe("inspect", environment) for _ in range(budget.rounds(12.0, 3, least=1))]
    for name, key in (("inspect_lenet", "image"), ("draw_predict", "stroke")):
        found = statistics.median(statistics.median(record[key]) for record in rounds)
        yield absolute_row(name, found * 1e3, PAINTED_MS, "ms")


def lenet_rows(budget: Budget) -> Iterator[Row]:
    """LeNet-5 kept ready: an image in uint8 to thumbnails, order and numbers of all maps of all layers."""
    network = _network("lenet5")
    images = np.random.default_rng(0).integers(0, 256, (8, *network.input_shape), dtype=np.uint8)

    def seconds(at: int) -> float:
        start = time.perf_counter()
        for layer in network.look(images[at % len(images)]).layers.values():
            layer.thumbnails()
            assert len(layer.order) == len(layer)
        return time.perf_counter() - start

    seconds(0)
    found = [seconds(at) for at in range(budget.rounds(0.01, 51))]
    yield absolute_row("inspect_maps", statistics.median(found) * 1e3, LENET_MS, "ms")


def resnet50_rows(budget: Budget) -> Iterator[Row]:
    """Thumbnails of all maps of all layers of ResNet-50 at 224 × 224, against 1.5 forward passes and 0.1 s."""
    import torch

    network = _network("resnet50")
    image = np.random.default_rng(0).integers(0, 256, network.input_shape, dtype=np.uint8)
    batch = network.normalised(image)
    output = network.output

    def thumbnails() -> float:
        start = time.perf_counter()
        look = network.look(image)
        assert not look.left_out
        for layer in look.layers.values():
            layer.thumbnails()
        return time.perf_counter() - start

    def forward() -> float:
        start = time.perf_counter()
        with torch.inference_mode():
            network.runner.run(batch, {output})
        return time.perf_counter() - start

    thumbnails()
    forward()
    ours, bare = alternate(budget.rounds(1.0, 15), thumbnails, forward)
    yield row("inspect_resnet50", ours, FORWARDS * bare + EXTRA_SECONDS, "s", "lower", 1.0)


def _network(name: str):  # type: ignore[no-untyped-def]  # torch comes with it, and is imported late
    from cnn_studio.graph.starters import find_starter
    from cnn_studio.insight.maps import LookInside

    return LookInside(find_starter(name).build())
