"""What one network says of an image and where it looked for that: what is compared when two look at the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cnn_studio.core.errors import GraphError
from cnn_studio.engine.predict import Guess
from cnn_studio.insight.maps import Look, LookInside
from cnn_studio.insight.where import default_place, grad_cam


@dataclass(frozen=True)
class Opinion:
    """What a network says of an image.

    Attributes:
        guesses: the likeliest classes, the likeliest first.
        image: uint8 [C, H, W], as the network got it.
        heat: where it looked for the likeliest class, 0 to 1, [H, W]; None where no layer has maps.
        place: path of the layer that looked; empty without heat.
        is_empty: nothing in that layer speaks for the class.
    """

    guesses: tuple[Guess, ...]
    image: np.ndarray = field(repr=False)
    heat: np.ndarray | None = field(repr=False)
    place: str = ""
    is_empty: bool = False


def opinion(look: Look) -> Opinion:
    """Return what a network says, and by Grad-CAM where it looked for its own first answer."""
    guesses = tuple(look.guesses())
    try:
        cam = grad_cam(look, guesses[0].index)
    except GraphError:
        return Opinion(guesses, look.image, None)
    path = look.network.document.layer(cam.layer_id).path
    return Opinion(guesses, look.image, cam.heat, path, cam.is_empty)


def opinion_of(network: LookInside, image: np.ndarray) -> Opinion:
    """Return the same for an image, keeping no more of the layers than that needs.

    Args:
        network: who is asked.
        image: uint8 [C, H, W], as `network` gets it.
    """
    try:
        wanted = [default_place(network)]
    except GraphError:
        wanted = []
    return opinion(network.look(image, only=wanted))


def agreement(titles: Sequence[str], opinions: Sequence[Opinion]) -> str:
    """Return in a sentence whether two networks say the same."""
    first, second = (one.guesses[0] for one in opinions)
    if first.label.casefold() == second.label.casefold():
        return f"Both say {first.label}: {first.text} and {second.text}."
    return f"{titles[0]} says {first.label} ({first.text}), {titles[1]} says {second.label} ({second.text})."
