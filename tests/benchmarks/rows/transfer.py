"""Transfer: codes, linear classifiers on them, and training behind a frozen front, from photographs on disk.

The references are plain PyTorch as its tutorial on transfer learning writes it: timm's network, `ImageFolder`, a
`DataLoader` with 2 workers, float32, everything computed again in every epoch. They run some batches and are scaled.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from measure import Budget, Row, absolute_row, alternate, row

from cnn_studio.transfer.recipe import FINE_TUNING, TransferRecipe
from rows.pipeline import SIDE, photo_folder

BATCH = 32
EPOCHS = 20
FINE_TUNED_EPOCHS = 8
_BATCHES = 3  # of a reference


def rows(budget: Budget) -> Iterator[Row]:
    with TemporaryDirectory() as scratch:
        before = os.environ.get("CNN_STUDIO_HOME")
        os.environ["CNN_STUDIO_HOME"] = scratch
        try:
            yield from _rows(photo_folder(Path(scratch)), budget)
        finally:
            if before is None:
                del os.environ["CNN_STUDIO_HOME"]
            else:
                os.environ["CNN_STUDIO_HOME"] = before


def _rows(root: Path, budget: Budget) -> Iterator[Row]:
    bench = _Bench(root)
    bench.run("svm")  # imports, threads, memory
    rounds = budget.rounds(30.0, 3, least=1)
    cold, parts = alternate(rounds, lambda: bench.cold("svm"), bench.decode_and_forward)
    fit = bench.fit_seconds
    yield row("transfer_svm.cold", cold, parts + fit, "s", "lower", 1.3)
    bench.run("svm")
    yield absolute_row("transfer_svm.warm", min(bench.run("svm") for _ in range(3)), 2.0, "s")
    ours, bare = alternate(budget.rounds(6.0, 5), bench.codes_speed, bench.forward_speed)
    yield row("codes", ours, bare, "images/s", "higher", 0.95)
    plain = bench.tutorial_epoch(("classifier.weight", "classifier.bias"))
    head = bench.trained(EPOCHS, freeze=("*",), unfreeze=("classifier",))
    yield row("frozen_20_epochs", EPOCHS * plain, head, "s", "higher", 30.0)
    plain = bench.tutorial_epoch(("blocks.6.", "conv_head.", "bn2.", "classifier."))
    last = bench.trained(FINE_TUNED_EPOCHS)
    yield row("finetune_last_stage", FINE_TUNED_EPOCHS * plain, last, "s", "higher", 3.0)


class _Bench:
    """One network and one folder of photographs."""

    def __init__(self, root: Path) -> None:
        from cnn_studio.app.transferring import prepare
        from cnn_studio.datasets.records import DataSource
        from cnn_studio.engine.control import RunControl

        self.root = root
        source = DataSource(kind="folder", folder=str(root))
        self.recipe = TransferRecipe(data=source, settings=FINE_TUNING.model_copy(update={"speed": "auto"}))
        self.fit_seconds = 0.0
        self._prepared = prepare(self.recipe, lambda _: None, RunControl())
        self._tuning, self._module = self._codes_module()

    def run(self, strategy: str, *, prepared: Any = None, **more: Any) -> float:
        """Carry out a recipe and return the seconds from the images on disk to the result."""
        from cnn_studio.app.transferring import ClassifierFitted, run_transfer
        from cnn_studio.engine.control import RunControl

        def take(event: object) -> None:
            if isinstance(event, ClassifierFitted):
                self.fit_seconds = event.seconds

        recipe = self.recipe.model_copy(update={"strategy": strategy, **more})
        start = time.perf_counter()
        outcome = run_transfer(recipe, take, RunControl(), prepared=prepared)
        seconds = time.perf_counter() - start
        if outcome.finished.status != "done":
            raise RuntimeError(f"the transfer ended with {outcome.finished}")
        return seconds

    def cold(self, strategy: str) -> float:
        """As `run`, with nothing kept from before."""
        import shutil

        shutil.rmtree(Path(os.environ["CNN_STUDIO_HOME"]) / "cache", ignore_errors=True)
        return self.run(strategy)

    def trained(self, epochs: int, **more: Any) -> float:
        """Fine-tune, with the images in memory and no codes kept."""
        settings = self.recipe.training.model_copy(update={"epochs": epochs, "batch_size": BATCH})
        return self.run("finetune", prepared=self._prepared, settings=settings, **more)

    # -------------------------------------------------------------------------------------------------- the pieces

    def _codes_module(self) -> tuple[Any, Any]:
        import torch

        from cnn_studio.compiler import lower
        from cnn_studio.datasets.batches import Batches
        from cnn_studio.engine.forward_tuning import find_forward_tuning
        from cnn_studio.graph.cutting import code_network, shapes_of

        source = self._prepared.source
        document = code_network(shapes_of(source.document), self._prepared.cut)
        state = {key: torch.tensor(array) for key, array in source.weights.to_state(document).items()}
        module = lower(document, weights=state).eval()
        images, _ = next(Batches(self._prepared.data.train, *self._normalisation, BATCH).in_order())
        return find_forward_tuning(module, images, torch.device("cpu"), 1000).tuning, module

    @property
    def _normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        given = self._prepared.source.document.info.preprocessing
        return given.mean or (0.5,), given.std or (0.5,)

    def decode_and_forward(self) -> float:
        """Seconds of decoding and of the forward passes if no core were ever idle: the processor's time by cores."""
        from cnn_studio.datasets.cache import ImageCache
        from cnn_studio.datasets.load import load

        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        info = self._prepared.source.document.info
        begun = time.process_time()
        load(
            self.recipe.data, height=SIDE, width=SIDE, channels=3, preprocessing=info.preprocessing,
            cache=ImageCache(limit=0),
        )  # fmt: skip
        decoding = (time.process_time() - begun) / cores
        data = self._prepared.data
        return decoding + (len(data.train) + len(data.val)) / self.forward_speed()

    def codes_speed(self) -> float:
        """Images per second from uint8 values in memory to codes."""
        from cnn_studio.transfer.codes import compute_codes

        part = self._prepared.data.train
        start = time.perf_counter()
        compute_codes(self._module, part, self._normalisation, self._tuning)
        return len(part) / (time.perf_counter() - start)

    def forward_speed(self) -> float:
        """Images per second of the bare network, on one batch again and again, computed as the codes are."""
        import torch

        from cnn_studio.datasets.batches import Batches
        from cnn_studio.engine.computing import Computing

        part = self._prepared.data.train
        images, _ = next(Batches(part, *self._normalisation, BATCH).in_order())
        computing = Computing(self._module, torch.device("cpu"), self._tuning)
        if self._tuning.channels_last:
            images = images.to(memory_format=torch.channels_last)
        count = -(-len(part) // BATCH)
        with torch.inference_mode():
            computing.logits(images)
            start = time.perf_counter()
            for _ in range(count):
                computing.logits(images)
        return count * BATCH / (time.perf_counter() - start)

    # ------------------------------------------------------------------------------------------------- the tutorial

    def tutorial_epoch(self, trained: tuple[str, ...]) -> float:
        """Seconds of an epoch of training and validation as the tutorial writes it, from some batches of each."""
        import timm
        import torch

        model = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=2)
        for name, param in model.named_parameters():
            param.requires_grad_(name.startswith(trained))
        learning = [param for param in model.parameters() if param.requires_grad]
        optimizer = torch.optim.SGD(learning, lr=0.001, momentum=0.9)
        criterion = torch.nn.CrossEntropyLoss()
        data = self._prepared.data
        total = 0.0
        for part, images in (("train", data.train), ("val", data.val)):
            model.train(part == "train")
            seconds, count = 0.0, 0
            batches = iter(self._loader(part))
            next(batches)  # the workers have started
            for _ in range(_BATCHES):
                start = time.perf_counter()
                inputs, labels = next(batches)
                optimizer.zero_grad()
                with torch.set_grad_enabled(part == "train"):
                    loss = criterion(model(inputs), labels)
                    if part == "train":
                        loss.backward()
                        optimizer.step()
                loss.item()
                seconds += time.perf_counter() - start
                count += len(labels)
            total += seconds / count * len(images)
        return total

    def _loader(self, part: str) -> Any:
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        change = transforms.Compose(
            [
                transforms.Resize(256),
                transforms.CenterCrop(SIDE),
                transforms.ToTensor(),
                transforms.Normalize((0.5,) * 3, (0.5,) * 3),
            ]
        )
        folder = datasets.ImageFolder(str(self.root / part), change)
        return DataLoader(folder, batch_size=BATCH, shuffle=True, num_workers=2)
