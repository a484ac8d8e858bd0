"""The images that excite a map most are those of a search through all values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cnn_studio.core.errors import Cancelled, DataError, GraphError
from cnn_studio.datasets.records import ImagePart
from cnn_studio.insight import exciting
from cnn_studio.insight.exciting import Excited, most_exciting
from cnn_studio.insight.maps import LookInside
from tests.helpers.looking import randomised
from tests.helpers.networks import chain, join, tiny_classifier


def part_of(network: LookInside, count: int = 45) -> ImagePart:
    images = np.random.default_rng(3).integers(0, 256, (count, *network.input_shape), dtype=np.uint8)
    return ImagePart(images, np.zeros(count, np.int64))


def searched(network: LookInside, layer_id: int, part: ImagePart, map_: int, count: int) -> list[Excited]:
    found = []
    for at, image in enumerate(part.images):
        values = network.look(image).layers[layer_id].values[map_]
        place = np.unravel_index(int(values.argmax()), values.shape)
        cell = (map_, *(int(n) for n in place))
        found.append(Excited(at, float(values.max()), cell))
    return sorted(found, key=lambda one: (-one.value, one.image))[:count]


@pytest.mark.parametrize("path", ["conv1", "relu1", "pool1", "fc1"])
def test_they_are_those_of_a_search_through_all(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exciting, "batch_size", lambda network: 7)
    network = randomised(tiny_classifier())
    part, layer_id = part_of(network), network.document.paths[path]
    found = most_exciting(network, layer_id, part, count=5)
    assert found.maps.tolist() == list(range(network.shape(layer_id)[0]))
    for map_ in (0, 3):
        for ours, real in zip(found.of(map_), searched(network, layer_id, part, map_, 5), strict=True):
            assert (ours.image, ours.cell) == (real.image, real.cell)
            assert ours.value == pytest.approx(real.value, abs=1e-5)
    one = most_exciting(network, layer_id, part, maps=[3], count=5)
    assert one.of(3) == found.of(3)
    with pytest.raises(KeyError):
        one.of(0)


def test_nothing_behind_the_layer_is_computed() -> None:
    network = randomised(tiny_classifier())
    behind = network.runner.part(network.document.paths["fc1"])
    assert behind is not None
    called: list[int] = []
    behind.register_forward_hook(lambda *_: called.append(1))
    told: list[tuple[int, int]] = []
    most_exciting(
        network,
        network.document.paths["relu1"],
        part_of(network),
        progress=lambda done, total: told.append((done, total)),
    )
    assert not called
    assert told[-1] == (45, 45) and [done for done, _ in told] == sorted(done for done, _ in told)


def test_maps_with_channels_last_and_few_images() -> None:
    document = chain(
        (3, 4, 5), ("last", "permute", {"order": (1, 2, 0)}), ("act", "gelu", {}), ("out", "flatten", {})
    )
    network = randomised(document)
    part = part_of(network, 4)
    found = most_exciting(network, document.paths["act"], part, count=9)
    assert found.images.shape == (3, 4)
    first = found.of(2)[0]
    values = network.look(part.images[first.image]).layer("act").values
    assert values[first.cell] == pytest.approx(first.value) == pytest.approx(values[2].max())


def test_images_that_give_no_numbers_are_never_first() -> None:
    network = randomised(tiny_classifier())
    network.runner.tensors(network.document.paths["conv1"])["bias"][1] = torch.nan
    found = most_exciting(network, network.document.paths["conv1"], part_of(network), count=3)
    assert np.isneginf(found.values[1]).all() and np.isfinite(found.values[0]).all()


def test_it_can_be_stopped_and_says_what_does_not_fit() -> None:
    document = tiny_classifier()
    join(document, "loose", "relu", ["conv1"])
    network = randomised(document)
    part = part_of(network)

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        most_exciting(network, document.paths["conv1"], part, check=stop)
    with pytest.raises(GraphError, match="loose leads nowhere"):
        most_exciting(network, document.paths["loose"], part)
    with pytest.raises(DataError, match="no images"):
        most_exciting(network, document.paths["conv1"], ImagePart(part.images[:0], part.labels[:0]))
    with pytest.raises(DataError, match="The images are 1×6×6"):
        most_exciting(network, document.paths["conv1"], ImagePart(part.images[:, :, :6, :6], part.labels))
