"""How an image becomes the network's input; part of every network, so that a saved one can predict by itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Preprocessing(BaseModel):
    """Steps from an image to numbers; the size and the number of channels are the input layer's.

    Attributes:
        resize: ``stretch`` fits height and width each; ``crop`` scales the image until it covers
            ``input / crop_fraction`` and cuts the centre out; ``pad`` scales it to fit inside and fills with
            black.
        interpolation: the filter used for scaling.
        crop_fraction: for ``crop`` (224 from 256 is 0.875).
        measured: mean and deviation are measured from the training part whenever a run starts; False keeps
            those given, as a pre-trained network needs it.
        mean, std: per channel, subtracted and divided by after scaling values to 0..1; None until known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    resize: Literal["stretch", "crop", "pad"] = "stretch"
    interpolation: Literal["nearest", "bilinear", "bicubic"] = "bilinear"
    crop_fraction: float = Field(1.0, ge=0.01, le=1)  # below, an image would be enlarged beyond all numbers
    measured: bool = True
    mean: tuple[float, ...] | None = None
    std: tuple[Annotated[float, Field(gt=0)], ...] | None = None
