"""How alike new images and a network's source data are, as a record with limits; measured in `similarity`.

No torch, so that windows and advice can be made from it at once.

The distances that the limits rest on were measured with EfficientNet-Lite0, trained on ImageNet, at 224 × 224 on 200
images each (100 where there are no more):

====================================================  ========  =====  ======  ====
images                                                distance  early  middle  late
====================================================  ========  =====  ======  ====
photographs of 100 classes (ImageNet's own kind)      0.06      0.04   0.05    0.06
photographs of ants and bees                          0.10      0.06   0.07    0.11
the same in grey                                      0.11      0.14   0.12    0.12
the same as negatives                                 0.10      0.08   0.09    0.11
the same, at 0.3 of their brightness                  0.12      0.23   0.11    0.13
the 100 photographs, a sixteenth of each enlarged     0.13      0.19   0.15    0.13
CIFAR-10, 32 × 32 enlarged                            0.19      0.29   0.23    0.19
MNIST, 28 × 28 enlarged                               0.28      0.34   0.27    0.29
cells with borders, drawn                             0.29      0.17   0.24    0.33
the embedded digits, 8 × 8 enlarged                   0.33      0.37   0.28    0.36
black and white blobs                                 0.40      0.21   0.33    0.43
coarse grain                                          0.42      0.27   0.33    0.46
fine grain                                            0.46      0.29   0.39    0.49
noise with the spectrum of photographs                0.45      0.21   0.37    0.49
noise, every pixel by itself                          0.47      0.30   0.40    0.50
brushed metal, drawn                                  0.47      0.37   0.44    0.48
film grain                                            0.51      0.37   0.46    0.53
plain grey                                            0.54      0.70   0.59    0.53
====================================================  ========  =====  ======  ====

Photographs, even of two kinds of insects alone, in grey, dark or as negatives, stay below 0.14. Nothing that is no
photograph comes below 0.27. Enlarged thumbnails lie between: they are photographs without detail. So `SIMILAR_BELOW` and
`VERY_DIFFERENT_FROM` stand in the two gaps. Linear classifiers on averaged maps, from 5 to 10 images per class, agree with
the upper one: for ants and bees and for CIFAR-10 the end of the network was best (the last block gave 92 and 58 % right),
for the digits the 13th of its 16 blocks (88 %, 70 % at the end), for five kinds of grain the third (94 %, 58 % at the end).

The limits are those of this network. Small networks of seven BatchNorm layers keep the order: one trained on MNIST has MNIST's
own test images at 0.04 and CIFAR-10 at 0.53, one trained on CIFAR-10 has its own at 0.04, cats alone at 0.09, noise at 0.33 and
MNIST at 0.18: features that never had to tell much apart are less surprised. So ImageNet is best measured by this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["similar", "somewhat different", "very different"]

SIMILAR_BELOW = 0.16
VERY_DIFFERENT_FROM = 0.24

FEW_IMAGES = 10
"""Below so many the distance comes out too large: what is 0.10 in the end is 0.12 from 10, 0.14 from 5, 0.23 from one."""


@dataclass(frozen=True, slots=True)
class LayerDistance:
    """How far one BatchNorm layer's inputs lie from the source data.

    Attributes:
        path: the layer.
        distance: mean over its channels, 0 (the same) to 1 (nothing in common).
        channels: how many.
    """

    path: str
    distance: float
    channels: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far new images lie from the data that a network was trained on.

    Attributes:
        layers: in the order in which the network computes them.
        distance: the mean of the later half of the layers; 0 is the same, 1 has nothing in common.
        deviation: standard error of `distance` over the choice of images; None from a single image.
        num_images: how many images were looked at.
        of_images: how many they were drawn from.
        ruler: name of the network that measured.
    """

    layers: tuple[LayerDistance, ...]
    distance: float
    deviation: float | None
    num_images: int
    of_images: int
    ruler: str = ""

    @property
    def level(self) -> Level:
        """The distance as a word."""
        return level_of(self.distance)

    @property
    def is_clear(self) -> bool:
        """Whether another choice of images would hardly give another level."""
        if self.deviation is None or self.num_images < FEW_IMAGES:
            return False
        return level_of(self.distance - 2 * self.deviation) == level_of(self.distance + 2 * self.deviation)

    @property
    def thirds(self) -> tuple[float, float, float]:
        """Mean distances of the early, the middle and the late layers: light and edges, patterns, things."""
        return thirds_of([layer.distance for layer in self.layers])

    @property
    def text(self) -> str:
        """The measurement in one sentence."""
        by = f" by {self.ruler}" if self.ruler else ""
        give = f" ± {max(2 * self.deviation, 0.01):.2f}" if self.deviation is not None else ""
        some = (
            f"{self.num_images:,} of {self.of_images:,} images"
            if self.num_images < self.of_images
            else f"{self.num_images:,} {'image' if self.num_images == 1 else 'images'}"
        )
        return (
            f"Distance {self.distance:.2f}{give} on a scale from 0 (like the source data) to 1 (nothing in common), "
            f"measured{by} on {some}: {self.level}."
        )


def level_of(distance: float) -> Level:
    """Return the word for a distance."""
    if distance < SIMILAR_BELOW:
        return "similar"
    return "somewhat different" if distance < VERY_DIFFERENT_FROM else "very different"


def limits_text() -> str:
    """Return where the levels begin and what was found there, for people."""
    return (
        f"Below {SIMILAR_BELOW:.2f} is similar (photographs lie at 0.06 to 0.13), from {VERY_DIFFERENT_FROM:.2f} very "
        "different (digits 0.28 to 0.33, textures and noise 0.29 to 0.51), between them somewhat different (enlarged thumbnails 0.19)."
    )


def total_of(distances: Sequence[float]) -> float:
    """Return the mean of the later half, the middle one included.

    What a network hands on is made by its later layers. The early ones tell light, contrast and sharpness, in which
    pictures of the same things differ: dark photographs lie at 0.23 there and at 0.12 later, like bright ones.
    """
    later = distances[len(distances) // 2 :]
    return sum(later) / len(later)


def thirds_of(distances: Sequence[float]) -> tuple[float, float, float]:
    """Return the means of three equal stretches; of fewer than three distances some are used twice."""
    count = len(distances)
    bounds = [(at * count // 3, max((at + 1) * count // 3, at * count // 3 + 1)) for at in range(3)]
    early, middle, late = (sum(distances[a:b]) / len(distances[a:b]) for a, b in bounds)
    return early, middle, late
