"""The settings of a training run, as one frozen record that files, the command line and the panel share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Optimizer = Literal["sgd", "adam", "adamw"]
Schedule = Literal["constant", "cosine"]
Device = Literal["auto", "cuda", "mps", "cpu"]
Speed = Literal["exact", "auto"]
Start = Literal["new", "trained"]


class TrainSettings(BaseModel):
    """Everything a run depends on besides the network and the data.

    The titles, descriptions and ranges of the fields are what the training panel and ``train --help`` show.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    optimizer: Optimizer = Field(
        "sgd",
        title="Optimizer",
        description="How gradients become steps. SGD with momentum is the course's rule; Adam scales each "
        "weight's step by its past gradients and needs less tuning.",
    )
    learning_rate: float = Field(
        0.05,
        gt=0,
        le=10,
        title="Learning rate",
        description="Length of a step. Too small: slow. Too large: the loss jumps or becomes NaN. Usual: 0.01 "
        "to 0.1 for SGD, 0.001 for Adam.",
    )
    momentum: float = Field(
        0.9,
        ge=0,
        lt=1,
        title="Momentum",
        description="Share of the last step that is kept in the next (SGD only). 0.9 averages over about ten "
        "batches.",
    )
    weight_decay: float = Field(
        0.0005,
        ge=0,
        le=1,
        title="Weight decay",
        description="Pulls every weight towards zero at each step, which keeps the network simple. AlexNet "
        "used 0.0005.",
    )
    batch_size: int = Field(
        128,
        ge=1,
        le=65_536,
        title="Batch size",
        description="Images per step; the gradient is their average. Small batches are noisy, large ones need "
        "more memory.",
    )
    epochs: int = Field(
        20,
        ge=1,
        le=100_000,
        title="Epochs",
        description="How many times the run sees the whole training part.",
    )
    schedule: Schedule = Field(
        "constant",
        title="Schedule",
        description="How the learning rate changes. Cosine lowers it smoothly to zero at the end of the run.",
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        title="Seed",
        description="Fixes the first weights, the order of the images and dropout. The same seed gives the "
        "same run.",
    )
    device: Device = Field(
        "auto",
        title="Device",
        description="Where to compute. Auto takes a CUDA GPU, then Apple's, then the CPU.",
    )
    start: Start = Field(
        "new",
        title="Start from",
        description="New weights are drawn from the seed. Trained weights go on from those that the project holds, "
        "which is what freezing layers is for; layers they do not fit start new.",
    )
    speed: Speed = Field(
        "exact",
        title="Speed",
        description="Exact: float32, the same numbers every time. Auto: the fastest settings measured on this "
        "machine.",
    )
