"""Training speed: our loop against the loop of the tutorials and against the same batch again and again.

Ours runs at speed ``auto``; the limit computes the same way as ours chose, on one batch that is ready. The tutorial's
loop is plain float32 with a data set, a loader with 2 workers, transforms for one image at a time, `.item()` each step,
in a process of its own, as a script of its user would be: how ours prepares its process is part of ours.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from data import mnist_folder, unpacked_for_torchvision
from measure import UNPREPARED, Budget, Row, alternate, row
from pictures import PictureSet, cifar_images

from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.datasets.records import DataSource, ImageData, ImagePart
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.checks import fit_output
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.starters import find_starter

if TYPE_CHECKING:
    from cnn_studio.engine.events import Tuning

NOTHING = Augmentation()
FLIPS_AND_CROPS = Augmentation(horizontal_flip=True, crop_padding=4)


@dataclass(frozen=True)
class Case:
    """One network on one kind of images.

    Attributes:
        seconds: about what one round of the three loops takes.
    """

    name: str
    starter: str
    images: str
    batch: int
    steps: int
    tutorial_steps: int
    vs_tutorial: float
    vs_limit: float
    seconds: float
    augmentation: Augmentation = NOTHING


CASES = (
    Case("train_lenet_mnist", "lenet5", "mnist", 128, 100, 60, 3.0, 0.93, 8),
    Case("train_smallcnn_mnist", "small-cnn", "mnist", 128, 60, 12, 3.2, 0.95, 8),
    Case("train_smallcnn_cifar_aug", "small-cnn", "cifar", 128, 60, 12, 3.0, 0.93, 8, FLIPS_AND_CROPS),
    Case("train_resnet18_cifar", "resnet18", "cifar", 64, 16, 8, 1.6, 0.95, 3),
)


def rows_of(case: Case) -> Callable[[Budget], Iterator[Row]]:
    return partial(_rows, case)


def _rows(case: Case, budget: Budget) -> Iterator[Row]:
    with TemporaryDirectory() as scratch:
        data, _ = images_of(case, Path(scratch))
        document = document_of(case, data)
        tuning = _tuned(case, data, document)
        limit = _same_batch(case, data, document, tuning)

        def ours() -> float:
            return speed_of_ours(case, data, document, tuning)

        with _tutorial(case) as tutorial:
            ours(), tutorial(), limit()  # warm up: libraries, threads, memory
            found, slow, fast = alternate(budget.rounds(case.seconds, 9, least=5), ours, tutorial, limit)
    yield row(f"{case.name}.vs_tutorial", found, slow, "images/s", "higher", case.vs_tutorial)
    yield row(f"{case.name}.vs_limit", found, fast, "images/s", "higher", case.vs_limit)


# ---------------------------------------------------------------------------------------------------------- the images


def images_of(case: Case, scratch: Path) -> tuple[ImageData, Any]:
    """Return as many images as ours trains on, and the tutorial's data set of them all."""
    count = case.steps * case.batch
    if case.images == "mnist":
        source = mnist_folder(scratch)
        data = _part_of(_load_mnist(source), count, case.batch)
        return data, _tutorial_mnist(unpacked_for_torchvision(source, scratch))
    images, labels = cifar_images(max(count, 4000))
    part = ImagePart(images[:count], labels[:count])
    few = ImagePart(images[: case.batch], labels[: case.batch])
    mean, std = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)
    data = ImageData("CIFAR", tuple(map(str, range(10))), part, few, None, mean, std)
    return data, PictureSet(images, labels, _tutorial_transforms(case, mean, std))


def _load_mnist(folder: Path) -> ImageData:
    from cnn_studio.datasets.load import load

    source = DataSource(kind="mnist", folder=str(folder))
    return load(source, height=32, width=32, channels=1, preprocessing=Preprocessing())


def _part_of(data: ImageData, count: int, num_val: int) -> ImageData:
    train = ImagePart(data.train.images[:count], data.train.labels[:count])
    val = ImagePart(data.val.images[:num_val], data.val.labels[:num_val])
    return replace(data, train=train, val=val, test=None)


def _tutorial_mnist(root: Path) -> Any:
    from torchvision import datasets, transforms

    transform = transforms.Compose(
        [transforms.Resize((32, 32)), transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    return datasets.MNIST(str(root), train=True, transform=transform)


def _tutorial_transforms(case: Case, mean: tuple[float, ...], std: tuple[float, ...]) -> Any:
    from torchvision import transforms

    varied = (
        []
        if case.augmentation.is_off
        else [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
    )
    return transforms.Compose([*varied, transforms.ToTensor(), transforms.Normalize(mean, std)])


# ----------------------------------------------------------------------------------------------------------- the loops


def document_of(case: Case, data: ImageData) -> NetworkDocument:
    document = find_starter(case.starter).build()
    entry = next(layer for layer in document.layers.values() if layer.type == "input")
    channels, height, width = data.train.images.shape[1:]
    document.change_layer(entry.id, params={"channels": channels, "height": height, "width": width})
    if (change := fit_output(document, len(data.classes))) is not None:
        change.apply(document)
    return document


def _settings(case: Case) -> TrainSettings:
    return TrainSettings(
        optimizer="sgd",
        learning_rate=0.01,
        batch_size=case.batch,
        epochs=1,
        schedule="constant",
        speed="auto",
        augmentation=case.augmentation,
    )


def _tuned(case: Case, data: ImageData, document: NetworkDocument) -> Tuning:
    """Measure as a run of some minutes would; this one is too short to do it by itself."""
    import torch

    from cnn_studio.compiler import lower
    from cnn_studio.datasets.batches import Batches
    from cnn_studio.engine.tuning import find_tuning

    images, labels = next(Batches(data.train, data.mean, data.std, case.batch).in_order())
    cpu = torch.device("cpu")
    found = find_tuning(
        lower(document), images, labels, _settings(case), cpu,
        plans=(), num_classes=len(data.classes), num_steps=20_000 if case.starter != "resnet18" else 3_000, check=lambda: None,
    )  # fmt: skip
    print(
        f"{case.name}: {', '.join(f'{name} {speed:,.0f}' for name, speed in found.measured)} images/s",
        flush=True,
    )
    return replace(found.tuning, compiled=False)


def speed_of_ours(case: Case, data: ImageData, document: NetworkDocument, tuning: Tuning) -> float:
    from cnn_studio.compiler import lower
    from cnn_studio.engine.control import RunControl
    from cnn_studio.engine.events import RunFinished
    from cnn_studio.engine.loop import train

    *_, last = train(lower(document), data, _settings(case), RunControl(), tuning=tuning)
    if not isinstance(last, RunFinished) or last.status != "done":
        raise RuntimeError(f"the run ended with {last}")
    return last.images_per_second


def _step_function(document: NetworkDocument, tuning: Tuning | None = None) -> Callable[[Any, Any], Any]:
    """One step as a tutorial writes it; with a tuning in its order of memory and precision."""
    import torch

    from cnn_studio.compiler import lower
    from cnn_studio.engine.pool_first import pool_first
    from cnn_studio.engine.used_kernel import cut_kernels

    model = lower(document) if tuning is None else pool_first(lower(document))
    mixed = tuning is not None and tuning.precision == "bfloat16"
    if tuning is not None and tuning.channels_last:
        model = model.to(memory_format=torch.channels_last)
    if tuning is not None and tuning.cut_kernels:
        cut_kernels(model)
    fused = True if tuning is not None and tuning.fused else None
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=0.0005, fused=fused)
    loss_function = torch.nn.CrossEntropyLoss()

    def step(images: Any, labels: Any) -> torch.Tensor:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            logits = model(images)
        loss = loss_function(logits.float(), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def _same_batch(
    case: Case, data: ImageData, document: NetworkDocument, tuning: Tuning
) -> Callable[[], float]:
    """The limit: one batch, already normalised, again and again."""
    import torch

    from cnn_studio.datasets.batches import Batches

    images, labels = next(iter(Batches(data.train, data.mean, data.std, case.batch).epoch(0, 0)))
    if tuning.channels_last:
        images = images.to(memory_format=torch.channels_last)
    step = _step_function(document, tuning)

    def measure() -> float:
        before = torch.get_num_threads()
        torch.set_num_threads(tuning.threads or before)
        start = time.perf_counter()
        for _ in range(case.steps):
            step(images, labels)
        seconds = time.perf_counter() - start
        torch.set_num_threads(before)
        return case.steps * case.batch / seconds

    return measure


@contextmanager
def _tutorial(case: Case) -> Iterator[Callable[[], float]]:
    """Yield what measures the tutorial's loop in its process, once per call."""
    command = [sys.executable, str(Path(__file__).parents[1] / "tutorial_probe.py"), case.name]
    process = subprocess.Popen(
        command, env=UNPREPARED, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def measure() -> float:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the tutorial's process has no pipes")
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    try:
        yield measure
    finally:
        process.communicate(timeout=60)  # the end of its input ends it


def tutorial_loop(case: Case, images: Any, document: NetworkDocument) -> Callable[[], float]:
    from torch.utils.data import DataLoader

    loader = DataLoader(images, batch_size=case.batch, shuffle=True, num_workers=2)
    step = _step_function(document)

    def measure() -> float:
        batches = iter(loader)
        step(*next(batches))  # the workers have started
        start = time.perf_counter()
        total = 0.0
        for _ in range(case.tutorial_steps):
            total += step(*next(batches)).item()
        return case.tutorial_steps * case.batch / (time.perf_counter() - start)

    return measure
