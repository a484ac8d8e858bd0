"""How training images are varied, as one frozen record that projects, the command line and the panel share.

Plain values only: importing this loads neither torch nor numpy. `cnn_studio.datasets.augment` carries it out.
"""

from __future__ import annotations

from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field


class Augmentation(BaseModel):
    """The random changes that every training image gets each time it is shown; all off by default.

    The titles, descriptions and ranges of the fields are what the panel and ``train --help`` show. Validation and
    test images are never changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizontal_flip: bool = Field(
        False,
        title="Mirror left and right",
        description="Every second image is mirrored. Right for most photographs: an ant seen from the other "
        "side is still an ant. Wrong for digits and text.",
    )
    vertical_flip: bool = Field(
        False,
        title="Mirror top and bottom",
        description="Every second image is turned upside down in a mirror. Right for pictures without an up, "
        "such as cells or satellite images.",
    )
    crop_padding: int = Field(
        0,
        ge=0,
        le=64,
        title="Crop with padding",
        description="Pixels of black put around the image, from which a piece of the old size is cut at random: "
        "the subject moves by up to that many pixels. 4 is usual at 32 × 32.",
    )
    resized_crop: float = Field(
        1.0,
        ge=0.05,
        le=1,
        title="Smallest crop",
        description="A random piece of the image, at least this share of its area, is enlarged to full size. "
        "ImageNet training uses 0.08; 0.3 is gentler. 1 is off.",
    )
    crop_ratio: float = Field(
        4 / 3,
        ge=1,
        le=4,
        title="Crop ratio",
        description="How much wider than high, or higher than wide, such a piece may be. 1 keeps it as the image "
        "is, 1.33 is usual.",
    )
    rotation: float = Field(
        0.0,
        ge=0,
        le=180,
        title="Rotation",
        description="Turns by up to this many degrees to either side. 10 suits handwriting, 15 photographs, "
        "180 pictures without an up. The corners that open become black.",
    )
    shift: float = Field(
        0.0,
        ge=0,
        le=0.5,
        title="Shift",
        description="Moves the image by up to this share of its size, in both directions. 0.1 is usual.",
    )
    scale: float = Field(
        0.0,
        ge=0,
        le=0.9,
        title="Scale",
        description="Makes the image larger or smaller by up to this share. 0.1 means 0.9 to 1.1 of its size.",
    )
    shear: float = Field(
        0.0,
        ge=0,
        le=45,
        title="Shear",
        description="Slants the image by up to this many degrees, as handwriting slants. 5 to 10 is usual.",
    )
    brightness: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Brightness",
        description="Multiplies all values by a factor of up to 1 ± this. 0.2 to 0.4 is usual.",
    )
    contrast: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Contrast",
        description="Moves all values away from or towards the image's mean grey. 0.2 to 0.4 is usual.",
    )
    saturation: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Saturation",
        description="Moves the colours away from or towards grey. 0.2 to 0.4 is usual; grey images stay as they "
        "are.",
    )
    hue: float = Field(
        0.0,
        ge=0,
        le=0.5,
        title="Hue",
        description="Turns the colours on the colour wheel by up to this share of a full turn. More than 0.05 "
        "makes leaves blue; grey images stay as they are.",
    )
    erasing: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Erasing",
        description="Probability that a random rectangle of the image is blanked, so that the network cannot "
        "rely on one spot. 0.25 is usual.",
    )
    erasing_share: float = Field(
        0.33,
        ge=0.02,
        le=1,
        title="Largest erased share",
        description="How much of the image such a rectangle may cover at most.",
    )
    mixup: float = Field(
        0.0,
        ge=0,
        le=10,
        title="MixUp",
        description="Blends two images and their labels. The number is alpha of the beta distribution that the "
        "share is drawn from: 0.2 blends a little, 1 any amount. 0 is off.",
    )
    cutmix: float = Field(
        0.0,
        ge=0,
        le=10,
        title="CutMix",
        description="Puts a rectangle of one image into another and mixes the labels by area. The number is "
        "alpha, usually 1. With MixUp on too, each batch gets one of the two. 0 is off.",
    )

    @property
    def is_off(self) -> bool:
        """Whether images are shown as they are."""
        return not (
            self.flips
            or self.crop_padding
            or self.warps
            or self.changes_colours
            or self.erasing
            or self.mixes_labels
        )

    @property
    def mixes_labels(self) -> bool:
        """Whether an image can have two labels, so that the loss is a weighted sum."""
        return bool(self.mixup or self.cutmix)

    @property
    def flips(self) -> bool:
        """Whether images are mirrored."""
        return self.horizontal_flip or self.vertical_flip

    @property
    def warps(self) -> bool:
        """Whether pixels come from between pixels: crops that are enlarged, rotation, scale, shear, shift."""
        return bool(self.resized_crop < 1 or self.rotation or self.shift or self.scale or self.shear)

    @property
    def changes_colours(self) -> bool:
        """Whether values change, and not only places."""
        return bool(self.brightness or self.contrast or self.saturation or self.hue)


PRESETS: MappingProxyType[str, Augmentation] = MappingProxyType(
    {
        "None": Augmentation(),
        "Light": Augmentation(horizontal_flip=True, crop_padding=4),
        "Photographs": Augmentation(
            horizontal_flip=True,
            resized_crop=0.35,
            rotation=10,
            brightness=0.2,
            contrast=0.2,
            saturation=0.2,
            hue=0.02,
        ),
        "Digits": Augmentation(rotation=10, shift=0.08, scale=0.1, shear=5),
    }
)
"""Usual choices by the name that the panel shows; digits are never mirrored."""
