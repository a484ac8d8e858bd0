"""Training on images that do not fit into memory: the same run as in memory, from real files."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from cnn_studio.datasets.augmentation import PRESETS, Augmentation
from cnn_studio.datasets.cache import ImageCache
from cnn_studio.datasets.cache_mapped import MappedImages
from cnn_studio.datasets.load import load
from cnn_studio.datasets.records import DataSource, ImageData
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import write_classes
from tests.helpers.tiny_training import bits, finished, run


def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3)
        )


def read(folder: Path, cache: ImageCache) -> ImageData:
    source = DataSource(kind="folder", folder=str(folder))
    return load(source, height=8, width=8, channels=3, preprocessing=Preprocessing(), cache=cache)


@pytest.mark.parametrize(
    "augmentation",
    [Augmentation(), PRESETS["Photographs"], Augmentation(horizontal_flip=True, mixup=0.4, cutmix=1)],
    ids=["plain", "photographs", "mixed"],
)
def test_a_run_from_disk_is_the_run_from_memory(tmp_path: Path, augmentation: Augmentation) -> None:
    folder = write_classes(tmp_path / "set", {"ant": 20, "bee": 17, "wasp": 12})
    settings = TrainSettings(batch_size=8, epochs=2, learning_rate=0.02, augmentation=augmentation)
    memory = read(folder, ImageCache(tmp_path / "kept"))
    disk = read(folder, ImageCache(tmp_path / "kept", memory_share=0))
    assert isinstance(disk.train.images, MappedImages)
    assert not isinstance(memory.train.images, MappedImages)
    # they come from sums there and from counts here: equal but for the last bit
    assert disk.mean == pytest.approx(memory.mean, rel=1e-12)
    disk = replace(disk, mean=memory.mean, std=memory.std)
    weights = []
    for data in (memory, disk):
        module = network()
        end = finished(run(module, settings, data))
        assert end.status == "done", end.message
        weights.append(bits(module))
    assert weights[0] == weights[1]
