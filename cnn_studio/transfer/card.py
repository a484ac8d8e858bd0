"""The card of a network that can be opened: what is known of it without building it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cnn_studio.graph.preprocessing import Preprocessing

Source = Literal["torchvision", "timm"]

ALWAYS_HERE = "efficientnet_lite0"
"""Short name of the network whose weights are installed with the program."""


@dataclass(frozen=True, slots=True)
class NetworkCard:
    """One network of a library, with the best weights published for it.

    Attributes:
        source: the library.
        name: what the library calls it.
        family: the architecture's family, for grouping, such as ``resnet``.
        input_size: (C, H, W) of the images it was trained on.
        preprocessing: how an image becomes its input.
        num_classes: scores that it gives.
        params: number of parameters, as published or as counted; None where neither is known.
        macs: multiply-accumulate operations per image, as published or as counted; None where neither is known.
        accuracy: top-1 on ImageNet-1K in percent; None where none is published with the weights.
        accuracy_source: who stated it, within a sentence; empty for the library's own number.
        file_name: name of the file with its weights, empty where there is none.
        repository: name of the weights' repository on the Hugging Face hub, or empty.
        url: web address of the file with its weights, empty where there is none.
        num_bytes: size of that file to about 10 kB; None where the library does not say.
        licence: of the weights, as far as stated.
        origin: who published the weights.
        opens: False where a part of it is known to be no layer; opening it says which.
    """

    source: Source
    name: str
    family: str
    input_size: tuple[int, int, int]
    preprocessing: Preprocessing
    num_classes: int = 1000
    params: int | None = None
    macs: int | None = None
    accuracy: float | None = None
    accuracy_source: str = ""
    file_name: str = ""
    repository: str = ""
    url: str = ""
    num_bytes: int | None = None
    licence: str = ""
    origin: str = ""
    opens: bool = True

    @property
    def full_name(self) -> str:
        """The name by which a network is opened, such as ``torchvision:resnet50``."""
        return f"{self.source}:{self.name}"
