"""torchvision's convolutional classification networks: cards, class names and modules without memory."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from torch import nn

from cnn_studio.core.errors import NetworkError
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.transfer.card import NetworkCard
from cnn_studio.transfer.skeleton import build_without_memory

# attention networks: their layers are no layers of a CNN
_NO_CNNS = ("vit_", "swin_", "maxvit_")

# networks with heads that help in training only; the option that builds them without
_AUXILIARY = {
    "googlenet": ("aux1", "aux2"),
    "inception_v3": ("AuxLogits",),
}

_FAMILY = re.compile(
    r"(regnet_[xy]|efficientnet(?:_v2)?|mobilenet_v[23]|shufflenet_v2|inception_v3|[a-z]+(?:_resnet)?)"
)


def _models() -> Any:
    try:
        from torchvision import models
    except (ImportError, OSError, RuntimeError) as error:
        raise NetworkError(
            f"torchvision cannot be imported ({error}). torch and torchvision come from different sources; install "
            "both in one command: pip install --force-reinstall torch torchvision"
        ) from error
    return models


@cache
def list_cards() -> tuple[NetworkCard, ...]:
    """Return the cards of all networks in alphabetical order.

    Raises:
        NetworkError: torchvision cannot be imported.
    """
    models = _models()
    names = models.list_models(module=models)
    return tuple(_card(models, name) for name in names if not name.startswith(_NO_CNNS))


def _card(models: Any, name: str) -> NetworkCard:
    weights = models.get_model_weights(name).DEFAULT
    meta, transforms = weights.meta, weights.transforms()
    family = _FAMILY.match(name)
    size = transforms.crop_size[0]
    normalisation = transforms.mean, transforms.std
    if name in _AUXILIARY:
        # with these weights torchvision normalises a second time inside the network (transform_input); both
        # steps together are x -> (x - 0.5) / 0.5
        normalisation = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    return NetworkCard(
        source="torchvision",
        name=name,
        family=family[0] if family else name,
        input_size=(3, size, size),
        preprocessing=Preprocessing(
            resize="crop",
            interpolation=transforms.interpolation.value,
            crop_fraction=size / transforms.resize_size[0],
            measured=False,
            mean=tuple(normalisation[0]),
            std=tuple(normalisation[1]),
        ),
        num_classes=len(meta["categories"]),
        params=meta["num_params"],
        macs=round(meta["_ops"] * 1e9),
        accuracy=meta["_metrics"]["ImageNet-1K"]["acc@1"],
        file_name=weights.url.rpartition("/")[2],
        url=weights.url,
        num_bytes=round(meta["_file_size"] * 2**20),
        licence=meta.get("license", ""),
        origin="PyTorch (torchvision)",
    )


def labels(card: NetworkCard) -> tuple[str, ...]:
    """Return the class names in the order of the scores."""
    return tuple(_models().get_model_weights(card.name).DEFAULT.meta["categories"])


def build(card: NetworkCard) -> nn.Module:
    """Return the network without memory for its weights and without auxiliary heads."""
    models = _models()
    options: dict[str, Any] = {"weights": None}
    if card.name in _AUXILIARY:
        options |= {"aux_logits": False, "init_weights": False}
    return build_without_memory(lambda: models.get_model(card.name, **options))


def left_out(card: NetworkCard) -> dict[str, str]:
    """Return what `build` leaves out of the published network, with a sentence for each."""
    reason = (
        "is an auxiliary head: a second classifier halfway that helps in training and is not used in predictions; it "
        "was left out."
    )
    return {part: f"{part} {reason}" for part in _AUXILIARY.get(card.name, ())}


def notes(card: NetworkCard) -> tuple[str, ...]:
    """Return what differs from the published network without changing its predictions."""
    if card.name not in _AUXILIARY:
        return ()
    return (
        "The published network rescales its input inside (transform_input); that is part of the preprocessing here: "
        "mean and deviation are 0.5.",
    )


_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")


def present_name(key: str) -> str:
    """Return a published state-dict key as the network has it: DenseNet's files are older than its names."""
    return _OLD_DENSENET.sub(r"\1\2", key)
