"""The finder of learning rates computes as the run does, and says in a sentence what it could not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cnn_studio.app.training import layer_plans
from cnn_studio.app.trying import find_learning_rate
from cnn_studio.compiler import lower
from cnn_studio.core.errors import DataError, RunError
from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.engine.losses import balanced_weights
from cnn_studio.engine.rate_finder import RateTried, find_rate
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.projects import lenet
from tests.helpers.tiny_training import batches_of, tiny_data, tiny_network

SETTINGS = TrainSettings(batch_size=16, optimizer="sgd", momentum=0.9)


class Raises(nn.Sequential):
    """Fails in its third step."""

    error: Exception

    def forward(self, x):
        self.steps = getattr(self, "steps", 0) + 1
        if self.steps == 3:
            raise self.error
        return super().forward(x)


def failing(error: Exception) -> Raises:
    module = Raises(*tiny_network())
    module.error = error
    return module


def test_classes_weigh_as_the_settings_say():
    data = tiny_data(train=64)
    rare = np.where(np.arange(64) % 2 == 0, data.train.labels, 0)
    data = replace(data, train=ImagePart(data.train.images, rare))
    settings = SETTINGS.model_copy(update={"class_weights": "balanced"})
    module = tiny_network()
    first = next(iter(find_rate(module, data, settings)))
    images, labels = next(iter(batches_of(data, settings, 1)))
    weights = balanced_weights(torch.from_numpy(rare), 3)
    wanted = nn.functional.cross_entropy(module.train()(images), labels, weights)
    assert isinstance(first, RateTried)
    assert first.loss == pytest.approx(wanted.item(), rel=1e-5)
    plain = next(iter(find_rate(tiny_network(), data, SETTINGS)))
    assert isinstance(plain, RateTried)
    assert plain.loss != pytest.approx(first.loss, rel=1e-3)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("no kernel for this"), "failed in epoch 1, step 3: no kernel for this"),
        (torch.OutOfMemoryError("out of memory"), "ran out in epoch 1, step 3, with batches of 16"),
    ],
)
def test_what_the_network_raises_is_told_in_a_sentence(error, said):
    with pytest.raises(RunError, match=said):
        list(find_rate(failing(error), tiny_data(), SETTINGS))
    with pytest.raises(DataError, match="as it is"):
        list(find_rate(failing(DataError("as it is")), tiny_data(), SETTINGS))


def digits(mean: float, std: float) -> ImageData:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (80, 1, 32, 32)).astype(np.uint8)
    part = ImagePart(images, rng.integers(0, 10, 80))
    return ImageData("Noise", tuple("0123456789"), part, part, None, (mean,), (std,))


@pytest.mark.parametrize("measured", [True, False])
def test_images_are_normalised_as_in_the_run(measured):
    project, data = lenet(), digits(0.2, 0.4)
    settings = project.settings.model_copy(update={"batch_size": 16})
    given = {"mean": (0.6,), "std": (0.1,), "measured": measured}
    preprocessing = project.document.info.preprocessing.model_copy(update=given)
    project.document.change_info(preprocessing=preprocessing)
    events: list[object] = []
    find_learning_rate(replace(project, settings=settings), data, events.append)
    used = ((0.2,), (0.4,)) if measured else ((0.6,), (0.1,))
    module = lower(project.document, seed=settings.seed)
    plans = layer_plans(project.document)
    assert events == list(find_rate(module, data, settings, plans=plans, normalisation=used))
