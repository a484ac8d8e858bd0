"""The starter networks: each opens, validates and trains as it is, and can be edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnn_studio.core.errors import GraphError
from cnn_studio.core.params import parse_values
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.edits import STEP
from cnn_studio.graph.registry import get_spec


@dataclass(frozen=True, slots=True)
class Starter:
    """A network to start from.

    Attributes:
        name: what ``cnn-studio new`` calls it.
        title: what the screen calls it.
        help: one sentence about it.
        build: makes a new document.
        settings: training settings that suit it, as a record.
    """

    name: str
    title: str
    help: str
    build: Callable[[], NetworkDocument]
    settings: Mapping[str, Any] = field(default_factory=dict)


class ChainBuilder:
    """Builds a document layer by layer, each behind the one before."""

    def __init__(self, name: str) -> None:
        self.document = NetworkDocument()
        self.document.change_info(name=name)
        self._last: int | None = None
        self._y = 0.0

    def add(self, path: str, type_id: str, **params: object) -> ChainBuilder:
        """Add a layer behind the last one; parameters left out take their defaults."""
        layer_id = self.document.next_id
        values = parse_values(get_spec(type_id).params, params, f"Layer {path} ({type_id})")
        self.document.put_layer(Layer(layer_id, path, type_id, values, 0.0, self._y))
        if self._last is not None:
            self.document.put_link(Link(self._last, layer_id))
        self._last = layer_id
        self._y += STEP
        return self

    def finish(self) -> NetworkDocument:
        """Mark the last layer as output and return the document."""
        self.document.change_info(output=self._last)
        return self.document


def _lenet5() -> NetworkDocument:
    """Return LeNet-5 (Y. LeCun et al., Gradient-based learning applied to document recognition, 1998).

    C3 sees all maps of S2, as later versions do, so that the total is 61,750 parameters.
    """
    return (
        ChainBuilder("LeNet-5")
        .add("input", "input", channels=1, height=32, width=32)
        .add("C1", "conv2d", out_channels=6, kernel_size=5)
        .add("S2", "subsampling", kernel_size=2, stride=2)
        .add("C3", "conv2d", out_channels=16, kernel_size=5)
        .add("S4", "subsampling", kernel_size=2, stride=2)
        .add("C5", "conv2d", out_channels=120, kernel_size=5)
        .add("flatten", "flatten")
        .add("F6", "linear", out_features=84, activation="tanh")
        .add("OUT", "linear", out_features=10)
        .finish()
    )


def _mlp() -> NetworkDocument:
    return (
        ChainBuilder("Multilayer perceptron")
        .add("input", "input", channels=1, height=28, width=28)
        .add("flatten", "flatten")
        .add("fc1", "linear", out_features=128)
        .add("relu1", "relu")
        .add("fc2", "linear", out_features=10)
        .finish()
    )


def _small_cnn() -> NetworkDocument:
    return (
        ChainBuilder("Small CNN")
        .add("input", "input", channels=1, height=28, width=28)
        .add("conv1", "conv2d", out_channels=32, kernel_size=3, padding=1)
        .add("relu1", "relu")
        .add("pool1", "max_pool2d", kernel_size=2, stride=2)
        .add("conv2", "conv2d", out_channels=64, kernel_size=3, padding=1)
        .add("relu2", "relu")
        .add("pool2", "max_pool2d", kernel_size=2, stride=2)
        .add("flatten", "flatten")
        .add("fc1", "linear", out_features=128)
        .add("relu3", "relu")
        .add("fc2", "linear", out_features=10)
        .finish()
    )


STARTERS: tuple[Starter, ...] = (
    Starter(
        "lenet5",
        "LeNet-5",
        "The network that read cheques in 1998: three convolutions, two trainable subsamplings, two fully "
        "connected layers.",
        _lenet5,
        {"optimizer": "adam", "learning_rate": 0.005, "batch_size": 64, "epochs": 20, "schedule": "cosine"},
    ),
    Starter(
        "mlp",
        "Multilayer perceptron",
        "Fully connected layers only: what one used before convolution, to compare with.",
        _mlp,
        {"optimizer": "adam", "learning_rate": 0.002, "batch_size": 64, "epochs": 20, "schedule": "cosine"},
    ),
    Starter(
        "small-cnn",
        "Small CNN",
        "Two 3 × 3 convolutions with max pooling and one hidden layer: small, modern, and good on digits.",
        _small_cnn,
        {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 64, "epochs": 15, "schedule": "cosine"},
    ),
)


def find_starter(name: str) -> Starter:
    """Return a starter by name.

    Raises:
        GraphError: there is none of that name; lists those there are.
    """
    for starter in STARTERS:
        if starter.name == name:
            return starter
    raise GraphError(f"There is no starter {name!r}; there are {', '.join(s.name for s in STARTERS)}.")
