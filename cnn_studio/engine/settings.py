"""The settings of a training run, as one frozen record that files, the command line and the panel share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cnn_studio.datasets.augmentation import Augmentation

Optimizer = Literal["sgd", "sgd-2012", "nesterov", "adam", "adamw", "rmsprop"]
Schedule = Literal["constant", "step", "cosine", "one-cycle", "plateau"]
Device = Literal["auto", "cuda", "mps", "cpu"]
Speed = Literal["exact", "auto"]
Start = Literal["new", "trained"]
Precision = Literal["float32", "bfloat16"]
ClassWeights = Literal["none", "balanced"]


class TrainSettings(BaseModel):
    """Everything a run depends on besides the network and the data.

    The titles, descriptions and ranges of the fields are what the training panel and ``train --help`` show.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    optimizer: Optimizer = Field(
        "sgd",
        title="Optimizer",
        description="How gradients become steps. SGD with momentum is the course's rule, in PyTorch's form or in that "
        "of AlexNet (2012); Nesterov looks ahead along the momentum; Adam, AdamW and RMSprop scale each weight's step "
        "by its past gradients and need less tuning.",
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
        description="Share of the last step that is kept in the next (SGD, Nesterov and RMSprop). 0.9 averages over "
        "about ten batches.",
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
        description="How the learning rate changes. Step: divided every few epochs. Cosine: smoothly down to zero. One "
        "cycle: up to the rate, then down. Plateau: lowered when the validation loss stands still.",
    )
    warmup_epochs: float = Field(
        0.0,
        ge=0,
        le=1000,
        title="Warm-up",
        description="Epochs over which the rate rises to its full value. Large networks and batches start more safely "
        "with 1 to 5.",
    )
    step_epochs: int = Field(
        10,
        ge=1,
        le=100_000,
        title="Step every",
        description="Epochs between two drops of the rate (schedule Step).",
    )
    rate_factor: float = Field(
        0.1,
        gt=0,
        lt=1,
        title="Drop to",
        description="What the rate is multiplied by at each drop (schedules Step and Plateau). AlexNet used 0.1.",
    )
    plateau_patience: int = Field(
        3,
        ge=1,
        le=10_000,
        title="Plateau after",
        description="Epochs without a better validation loss before the rate drops (schedule Plateau).",
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Label smoothing",
        description="Share of the target that is spread over all classes, so that the network does not grow too sure. "
        "0.1 is usual for large data sets.",
    )
    class_weights: ClassWeights = Field(
        "none",
        title="Class weights",
        description="Balanced: images of rare classes count more, so that a class with few images is not given up. "
        "Validation is measured without weights.",
    )
    clip_norm: float = Field(
        0.0,
        ge=0,
        le=1e6,
        title="Clip gradients at",
        description="Largest norm of all gradients together; longer ones are shortened to it, which stops a single "
        "wild batch. 0 clips nothing.",
    )
    ema_decay: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Averaging (EMA)",
        description="Validation and the kept network use a running average of the weights, which wavers less. 0.99 "
        "averages about the last hundred steps, 0 averages nothing.",
    )
    early_stop: int = Field(
        0,
        ge=0,
        le=100_000,
        title="Stop early after",
        description="Epochs without a better validation before the run ends by itself. 0 never ends early.",
    )
    seed: int = Field(
        0,
        ge=0,
        le=2**31 - 1,
        title="Seed",
        description="Fixes the first weights, the order of the images, augmentation and dropout. The same seed gives "
        "the same run.",
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
        description="Exact: computes as set here, float32 unless said otherwise. Auto: times a few steps of every way "
        "to compute this network on this machine and takes the fastest; the choice is kept with the run.",
    )
    precision: Precision = Field(
        "float32",
        title="Precision",
        description="With speed Exact: numbers of the forward and backward pass. bfloat16 is faster where the "
        "processor has it, with three digits instead of seven; weights stay float32.",
    )
    channels_last: bool = Field(
        False,
        title="Channels last",
        description="With speed Exact: keep feature maps pixel by pixel in memory. Faster for many networks.",
    )
    deterministic: bool = Field(
        True,
        title="Deterministic",
        description="Only algorithms that give the same numbers every time. Off may be faster on a GPU; a run can "
        "then not be repeated to the bit.",
    )
    checkpoint_minutes: float = Field(
        5.0,
        ge=0.05,
        le=10_000,
        title="Checkpoint every",
        description="Minutes between two checkpoints inside an epoch; there is one after every epoch too. A run that "
        "was cut off goes on from the last one.",
    )
    augmentation: Augmentation = Field(
        default_factory=Augmentation,
        title="Augmentation",
        description="Random changes to every training image, new in each epoch.",
    )


PRESETS: dict[str, dict[str, object]] = {
    "AlexNet (2012)": {
        "optimizer": "sgd-2012",
        "learning_rate": 0.01,
        "momentum": 0.9,
        "weight_decay": 0.0005,
        "batch_size": 128,
        "schedule": "plateau",
        "rate_factor": 0.1,
        "epochs": 90,
    },
    "Quick look": {
        "optimizer": "adam",
        "learning_rate": 0.001,
        "weight_decay": 0.0,
        "epochs": 3,
        "schedule": "one-cycle",
        "speed": "auto",
        "early_stop": 0,
    },
    "Careful": {
        "optimizer": "adamw",
        "learning_rate": 0.001,
        "weight_decay": 0.01,
        "epochs": 60,
        "schedule": "cosine",
        "warmup_epochs": 2.0,
        "label_smoothing": 0.05,
        "ema_decay": 0.99,
        "clip_norm": 5.0,
        "early_stop": 12,
    },
}
"""Settings that belong together, by name; what a preset does not name stays as it is.

AlexNet (2012): Krizhevsky, Sutskever and Hinton, section 5: rate 0.01, divided by 10 when the validation error stopped
improving, about 90 passes over the training images.
"""
