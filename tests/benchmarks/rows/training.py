"""LeNet-5 on MNIST: our loop against the loop of the tutorials and against the same batch again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from data import mnist_folder, unpacked_for_torchvision
from measure import Budget, Row, alternate, row

from cnn_studio.datasets.records import DataSource, ImageData, ImagePart
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.starters import find_starter

BATCH = 128
STEPS = 100
TUTORIAL_STEPS = 60
SETTINGS = TrainSettings(optimizer="sgd", learning_rate=0.05, batch_size=BATCH, epochs=1, schedule="constant")


def rows(budget: Budget) -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        source = mnist_folder(Path(folder))
        data = _part_of(_load(source), STEPS * BATCH)
        tutorial = _tutorial(unpacked_for_torchvision(source, Path(folder)))
        limit = _same_batch(data)
        _ours(data), limit()  # warm up: libraries, threads, memory
        rounds = budget.rounds(8.0, 7)
        ours, slow, fast = alternate(rounds, lambda: _ours(data), tutorial, limit)
    yield row("train_lenet_mnist.vs_tutorial", ours, slow, "images/s", "higher", 2.5)
    yield row("train_lenet_mnist.vs_limit", ours, fast, "images/s", "higher", 0.9)


def _load(folder: Path) -> ImageData:
    from cnn_studio.datasets.load import load

    source = DataSource(kind="mnist", folder=str(folder))
    return load(source, height=32, width=32, channels=1, preprocessing=Preprocessing())


def _part_of(data: ImageData, count: int) -> ImageData:
    train = ImagePart(data.train.images[:count], data.train.labels[:count])
    val = ImagePart(data.val.images[:BATCH], data.val.labels[:BATCH])
    return ImageData(data.name, data.classes, train, val, None, data.mean, data.std)


def _ours(data: ImageData) -> float:
    from cnn_studio.compiler import lower
    from cnn_studio.engine.control import RunControl
    from cnn_studio.engine.events import RunFinished
    from cnn_studio.engine.loop import train

    module = lower(find_starter("lenet5").build())
    *_, last = train(module, data, SETTINGS, RunControl())
    if not isinstance(last, RunFinished) or last.status != "done":
        raise RuntimeError(f"the run ended with {last}")
    return last.images_per_second


def _step_function() -> Callable[[object, object], object]:
    import torch

    from cnn_studio.compiler import lower

    model = lower(find_starter("lenet5").build())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.0005)
    loss_function = torch.nn.CrossEntropyLoss()

    def step(images: object, labels: object) -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_function(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def _same_batch(data: ImageData) -> Callable[[], float]:
    """The limit: one batch, already normalised, again and again."""
    from cnn_studio.datasets.batches import Batches

    images, labels = next(iter(Batches(data.train, data.mean, data.std, BATCH).epoch(0, 0)))
    step = _step_function()

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            step(images, labels)
        return STEPS * BATCH / (time.perf_counter() - start)

    return measure


def _tutorial(root: Path) -> Callable[[], float]:
    """The loop as PyTorch's tutorials write it: data set, loader with 2 workers, per-image transforms, `.item()`."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    transform = transforms.Compose(
        [transforms.Resize((32, 32)), transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    loader = DataLoader(
        datasets.MNIST(str(root), train=True, transform=transform),
        batch_size=BATCH,
        shuffle=True,
        num_workers=2,
    )
    step = _step_function()

    def measure() -> float:
        batches = iter(loader)
        step(*next(batches))  # the workers have started
        start = time.perf_counter()
        total = 0.0
        for _ in range(TUTORIAL_STEPS):
            total += step(*next(batches)).item()  # type: ignore[attr-defined]
        return TUTORIAL_STEPS * BATCH / (time.perf_counter() - start)

    return measure
