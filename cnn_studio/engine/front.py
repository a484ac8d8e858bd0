"""The frozen front of a network, computed once: its results for every image are kept, and the run trains what is behind.

Valid only where the front gives the same for an image in every step: nothing in it learns, its normalisations keep their
statistics, nothing in it is drawn at random, and images are not varied before it. Several results are kept where shortcuts
lead over the border.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, fx, nn

from cnn_studio.core.scratch import scratch_folder
from cnn_studio.datasets.batches import Batches, batch_bounds
from cnn_studio.datasets.order import seeded_order
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.computing import Computing, Features
from cnn_studio.engine.events import FrontComputed, SpeedTuned
from cnn_studio.engine.forward_tuning import find_forward_tuning
from cnn_studio.engine.memory import available_memory

DISK_LIMIT = 20 * 10**9
"""Bytes that kept results may take on disk, where they do not fit into memory."""

_MEMORY_SHARE = 0.25  # of what is free
_DISK_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class FrontSplit:
    """A network in two, which share its layers.

    Attributes:
        front: images to a tuple of what crosses the border.
        back: that to logits.
        layers: paths of the layers with weights that are in the front.
    """

    front: fx.GraphModule
    back: fx.GraphModule
    layers: tuple[str, ...]


def split_front(module: nn.Module, held: Collection[nn.Module]) -> FrontSplit | None:
    """Return a network divided behind the largest part that gives the same in every step; None if that has no weights.

    Args:
        module: with a plan in force, see `cnn_studio.engine.plan.apply_plan`.
        held: modules that stay in evaluation mode.
    """
    if not isinstance(module, fx.GraphModule):
        return None
    nodes = list(module.graph.nodes)
    fixed: set[fx.Node] = set()
    layers: list[str] = []
    for node in nodes:
        if node.op == "output" or not all(source in fixed for source in node.all_input_nodes):
            continue
        if not _gives_the_same(module, node, held):
            continue
        fixed.add(node)
        if (
            node.op == "call_module"
            and next(module.get_submodule(str(node.target)).parameters(), None) is not None
        ):
            layers.append(str(node.target))
    border = [
        node
        for node in nodes
        if node in fixed and node.op != "get_attr" and any(user not in fixed for user in node.users)
    ]
    output = next(node for node in nodes if node.op == "output")
    if (
        not layers
        or any(node.op == "placeholder" for node in border)
        or any(n in border for n in output.all_input_nodes)
    ):
        return None
    return FrontSplit(
        _front(module, nodes, fixed, border), _back(module, nodes, fixed, border), tuple(layers)
    )


def _gives_the_same(module: fx.GraphModule, node: fx.Node, held: Collection[nn.Module]) -> bool:
    if node.op == "placeholder":
        return True
    if node.op == "get_attr":
        owner, _, name = str(node.target).rpartition(".")
        value = getattr(module.get_submodule(owner), name)
        return not value.requires_grad
    if node.op != "call_module":
        return True
    for part in module.get_submodule(str(node.target)).modules():
        if any(param.requires_grad for param in part.parameters(recurse=False)):
            return False
        if callable(getattr(part, "reseed", None)):  # draws at random
            return False
        # what has buffers moves them in training, unless a plan holds it
        if part not in held and next(part.buffers(recurse=False), None) is not None:
            return False
    return True


def _front(
    module: fx.GraphModule, nodes: Sequence[fx.Node], fixed: set[fx.Node], border: Sequence[fx.Node]
) -> fx.GraphModule:
    graph, copies = fx.Graph(), dict[fx.Node, fx.Node]()
    for node in nodes:
        if node in fixed:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(tuple(copies[node] for node in border))
    return fx.GraphModule(module, graph, class_name="Front")


def _back(
    module: fx.GraphModule, nodes: Sequence[fx.Node], fixed: set[fx.Node], border: Sequence[fx.Node]
) -> fx.GraphModule:
    graph, copies = fx.Graph(), dict[fx.Node, fx.Node]()
    for number, node in enumerate(border):
        copies[node] = graph.placeholder(f"kept_{number}")
    for node in nodes:
        if node in fixed and node.op != "get_attr":
            continue
        copies[node] = graph.node_copy(node, copies.__getitem__)
    return fx.GraphModule(module, graph, class_name="Back")


@dataclass(slots=True)
class FeatureBatches:
    """What crosses the border for each image of a part, served as `Batches` serves images.

    Attributes:
        values: tensors [N, ...], on the CPU.
        labels: int64 [N], on the device.
    """

    values: tuple[Tensor, ...] = field(repr=False)
    labels: Tensor = field(repr=False)
    batch_size: int
    device: torch.device

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch."""
        return len(batch_bounds(len(self), self.batch_size))

    def epoch(self, seed: int, epoch: int, first_batch: int = 0) -> Iterator[tuple[Features, Tensor]]:
        """Yield all rows once, in the batches that `Batches.epoch` would give their images in."""
        order = torch.from_numpy(seeded_order(len(self), seed, epoch))
        for start, stop in batch_bounds(len(self), self.batch_size)[first_batch:]:
            yield self._taken(order[start:stop]), self.labels[order[start:stop].to(self.labels.device)]

    def in_order(self, batch_size: int | None = None) -> Iterator[tuple[Features, Tensor]]:
        """Yield all rows once in their order."""
        size = batch_size or self.batch_size
        for start in range(0, len(self), size):
            rows = torch.arange(start, min(start + size, len(self)))
            yield self._taken(rows), self.labels[rows.to(self.labels.device)]

    def _taken(self, rows: Tensor) -> Features:
        return tuple(value.index_select(0, rows).to(self.device) for value in self.values)


class Kept:
    """Room for what crosses the border: in memory where it fits, else in a file that goes with this object."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.num_bytes = 0

    def room_for(self, count: int, sample: Sequence[Tensor]) -> tuple[Tensor, ...] | None:
        """Return tensors [count, ...] to be filled, or None where there is room neither in memory nor on disk.

        Args:
            count: rows.
            sample: what one batch gives, [B, ...] each.
        """
        shapes = [(count, *value.shape[1:]) for value in sample]
        size = sum(
            int(np.prod(shape)) * value.element_size() for shape, value in zip(shapes, sample, strict=True)
        )
        free = available_memory("cpu")
        self.num_bytes += size
        if free is None or self.num_bytes < _MEMORY_SHARE * free:
            return tuple(
                torch.empty(shape, dtype=value.dtype) for shape, value in zip(shapes, sample, strict=True)
            )
        if self._folder is None:
            self._folder = scratch_folder("front")
        where = Path(self._folder.name)
        if self.num_bytes > min(DISK_LIMIT, _DISK_SHARE * shutil.disk_usage(where).free):
            return None
        found = []
        for shape, value in zip(shapes, sample, strict=True):
            number = len(list(where.iterdir()))
            elements = int(np.prod(shape))
            file = torch.from_file(
                str(where / f"{number}.bin"), shared=True, size=elements, dtype=value.dtype
            )
            found.append(file.view(shape))
        return tuple(found)

    def close(self) -> None:
        """Delete the files."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def compute_front(
    split: FrontSplit,
    computing: Computing,
    loaders: tuple[Batches, Batches],
    kept: Kept,
    check: Callable[[], None],
) -> Generator[FrontComputed, None, tuple[Computing, FeatureBatches, FeatureBatches] | None]:
    """Run all images through the part that gives the same in every step; yields how far it is.

    Args:
        split: the network in two, in training mode.
        computing: of the whole network.
        loaders: of the images of both parts as they are, in batches of the run's size.
        kept: room for the results.
        check: called between batches; may raise to stop.

    Returns:
        What computes the rest, and what serves the results of both parts; None where there is no room for them.
    """
    front = computing.of(split.front)
    found: list[FeatureBatches] = []
    total, done = sum(map(len, loaders)), 0
    for batches in loaders:
        values: tuple[Tensor, ...] | None = None
        labels, at = [], 0
        for images, own in batches.in_order():
            check()
            with torch.no_grad():
                results = front.features(images)
            if values is None:
                values = kept.room_for(len(batches), results)
                if values is None:
                    return None
            for whole, value in zip(values, results, strict=True):
                whole[at : at + len(own)].copy_(value)
            labels.append(own)
            at += len(own)
            yield FrontComputed(done + at, total, len(split.layers), kept.num_bytes)
        done += at
        found.append(FeatureBatches(values or (), torch.cat(labels), batches.batch_size, computing.device))
    return computing.of(split.back), found[0], found[1]


def find_front_tuning(
    module: nn.Module,
    split: FrontSplit,
    images: Tensor,
    device: torch.device,
    data: ImageData,
    check: Callable[[], None],
) -> SpeedTuned:
    """Return the fastest way to compute a front; see `find_forward_tuning` for the arguments."""
    module.to(device).train()
    count = len(data.train) + len(data.val)
    return find_forward_tuning(split.front, images, device, count, check)
