"""The images of a data set that excite a map most, and where in them.

Source: M. D. Zeiler and R. Fergus, Visualizing and understanding convolutional networks (2014), section 4, figure 2: what a
map stands for is seen from the images that it answers most strongly to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from cnn_studio.core.errors import DataError, GraphError
from cnn_studio.datasets.batches import Batches
from cnn_studio.datasets.records import ImagePart
from cnn_studio.graph.spec import shape_text
from cnn_studio.insight.occlusion import batch_size

if TYPE_CHECKING:
    from cnn_studio.insight.maps import LookInside


class Excited(NamedTuple):
    """One image that excites a map.

    Attributes:
        image: its number in the part.
        value: the map's largest value for it.
        cell: where that is, (channel, row, column) or (element,).
    """

    image: int
    value: float
    cell: tuple[int, ...]


@dataclass(frozen=True)
class Exciting:
    """The images that excite each of some maps most, the strongest first; no image comes twice for one map.

    Attributes:
        layer_id: the layer.
        maps: which maps (elements of a vector), int64 [M].
        images: numbers of the images, int64 [M, k].
        values: largest value of the map for each, float32 [M, k].
        rows, columns: where it is, int64 [M, k]; 0 for a vector.
    """

    layer_id: int
    maps: np.ndarray = field(repr=False)
    images: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)
    columns: np.ndarray = field(repr=False)
    is_vector: bool = False

    def of(self, map_: int) -> list[Excited]:
        """Return the images of one map.

        Raises:
            KeyError: it is none of `maps`.
        """
        found = np.flatnonzero(self.maps == map_)
        if not len(found):
            raise KeyError(map_)
        at = int(found[0])
        return [
            Excited(int(image), float(value), (map_,) if self.is_vector else (map_, int(row), int(column)))
            for image, value, row, column in zip(
                self.images[at], self.values[at], self.rows[at], self.columns[at], strict=True
            )
        ]


def most_exciting(
    network: LookInside,
    layer_id: int,
    part: ImagePart,
    *,
    maps: Sequence[int] | None = None,
    count: int = 9,
    progress: Callable[[int, int], None] = lambda done, total: None,
    check: Callable[[], None] = lambda: None,
) -> Exciting:
    """Return which images excite maps of a layer most. The network is computed up to that layer and no further.

    Args:
        network: the network.
        layer_id: the layer.
        part: the images, resized as for training.
        maps: numbers of the maps; all if None, which costs hardly more than one.
        count: images per map, fewer where the part has fewer.
        progress: called with the images done and all images.
        check: called between batches; may raise to stop.

    Raises:
        DataError: there are no images, or they are of another size than the network's input.
        GraphError: the layer gives neither maps nor a vector, or the output does not depend on it.
    """
    layer = network.document.layer(layer_id)
    if layer_id not in network.runner.layers:
        raise GraphError(
            f"{layer.path} leads nowhere: the output does not depend on it, so it is not computed."
        )
    layout = network.layouts[layer_id]
    if layout == "other":
        raise GraphError(
            f"{layer.path} gives neither maps nor a vector, so nothing in it is excited by a place."
        )
    if not len(part):
        raise DataError("There are no images to look through.")
    if part.images.shape[1:] != network.input_shape:
        raise DataError(
            f"The images are {shape_text(part.images.shape[1:])}, but this network's input is "
            f"{shape_text(network.input_shape)}. Load them for this network."
        )
    shape = network.shape(layer_id)
    channels = shape[2] if layout == "maps_last" else shape[0]
    chosen = np.arange(channels) if maps is None else np.asarray(maps, np.int64)
    best = _Best(min(count, len(part)), torch.from_numpy(chosen))
    batches = Batches(part, *network.normalisation, batch_size(network))
    done = 0
    with torch.inference_mode():
        for images, _ in batches.in_order():
            check()
            values = network.runner.run(images, {layer_id})[layer_id]
            best.add(values.movedim(-1, 1) if layout == "maps_last" else values, done)
            done += len(images)
            progress(done, len(part))
    width = 1 if layout == "vector" else (shape[1] if layout == "maps_last" else shape[2])
    place = best.places.numpy()
    return Exciting(
        layer_id,
        chosen,
        best.images.numpy(),
        best.values.numpy(),
        place // width,
        place % width,
        layout == "vector",
    )


class _Best:
    """The largest values per map of all images so far, [M, k]."""

    def __init__(self, count: int, maps: Tensor) -> None:
        self._count, self._maps = count, maps
        self.values = torch.empty((len(maps), 0))
        self.images = torch.empty((len(maps), 0), dtype=torch.int64)
        self.places = torch.empty((len(maps), 0), dtype=torch.int64)

    def add(self, values: Tensor, first: int) -> None:
        """Take the values [B, C, ...] of the images from number `first` on."""
        cells = (
            values.index_select(1, self._maps).flatten(2) if values.ndim > 2 else values[:, self._maps, None]
        )
        peaks, places = cells.float().nan_to_num(-torch.inf).max(dim=2)
        numbers = torch.arange(first, first + len(values)).expand(len(self._maps), -1)
        self.values = torch.cat([self.values, peaks.T], dim=1)
        self.images = torch.cat([self.images, numbers], dim=1)
        self.places = torch.cat([self.places, places.T], dim=1)
        # stable: of equally strong images the first ones stay, whatever the batches are
        order = self.values.argsort(dim=1, descending=True, stable=True)[:, : self._count]
        self.values = self.values.gather(1, order)
        self.images = self.images.gather(1, order)
        self.places = self.places.gather(1, order)
