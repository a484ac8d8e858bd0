"""Small networks and images for tests of training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from cnn_studio.datasets.batches import Batches
from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone, EpochDone, Event, RunFinished
from cnn_studio.engine.loop import train
from cnn_studio.engine.plan import LayerPlan
from cnn_studio.engine.settings import TrainSettings

NUM_CLASSES = 3


def part(count: int, seed: int) -> ImagePart:
    """Grey 8 × 8 images: noise, with a bright square whose corner tells the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, NUM_CLASSES, count)
    images = rng.integers(0, 120, (count, 1, 8, 8))
    for image, label in zip(images, labels, strict=True):
        row, column = ((0, 0), (0, 4), (4, 0))[label]
        image[0, row : row + 4, column : column + 4] += 100
    return ImagePart(images.astype(np.uint8), labels.astype(np.int64))


def tiny_data(train: int = 96, val: int = 30, test: int | None = 20) -> ImageData:
    return ImageData(
        name="Squares",
        classes=("top left", "top right", "bottom left"),
        train=part(train, 1),
        val=part(val, 2),
        test=None if test is None else part(test, 3),
        mean=(0.3,),
        std=(0.25,),
    )


def tiny_network(seed: int = 0) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU and a classifier for images of 1 × 8 × 8."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, NUM_CLASSES)
        )


class SeededDropout(nn.Module):
    """Dropout that draws from a generator of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds: list[int] = []
        self._generator = torch.Generator()

    def reseed(self, seed: int) -> None:
        self.seeds.append(seed)
        self._generator.manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * (torch.rand(x.shape, generator=self._generator) < 0.5) * 2


def run(
    module: nn.Module,
    settings: TrainSettings,
    data: ImageData | None = None,
    *,
    plans: Iterable[LayerPlan] = (),
    control: RunControl | None = None,
) -> list[Event]:
    return list(train(module, data or tiny_data(), settings, control or RunControl(), plans=plans))


def finished(events: list[Event]) -> RunFinished:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last


def losses(events: Iterable[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, BatchDone)]


def epochs(events: Iterable[Event]) -> list[EpochDone]:
    return [event for event in events if isinstance(event, EpochDone)]


def pattern(events: Iterable[Event], optional: bool = False) -> str:
    """The events' letters as in the table of `cnn_studio.engine.events`; without those that depend on time."""
    letters = {"RunStarted": "R", "BatchDone": "B", "EpochDone": "E", "RateChanged": "L", "SpeedTuned": "T"}
    letters |= {"RunPaused": "P", "RunContinued": "C", "RunFinished": "F"}
    timed = {
        "GradientsMeasured": "G",
        "ResourcesMeasured": "M",
        "WeightsMeasured": "W",
        "CheckpointReady": "K",
    }
    letters |= {name: letter * optional for name, letter in timed.items()}
    return "".join(letters[type(event).__name__] for event in events)


def bits(module: nn.Module) -> dict[str, bytes]:
    """Every parameter and buffer by state-dict key, as raw bytes."""
    return {key: value.numpy().tobytes() for key, value in module.state_dict().items()}


def batches_of(data: ImageData, settings: TrainSettings, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    return Batches(data.train, data.mean, data.std, settings.batch_size).epoch(settings.seed, epoch)
