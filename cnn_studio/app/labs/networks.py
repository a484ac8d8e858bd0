"""The small networks of the laboratories, and what their training settings have in common."""

from __future__ import annotations

from cnn_studio.app.labs.lab import Setup
from cnn_studio.app.project import Project
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.starters.chain import ChainBuilder

NUM_DIGITS = 10


def image_of(side: int, channels: int = 1) -> ChainBuilder:
    """Return the beginning of a network: an input of square images."""
    return ChainBuilder("").add("input", "input", channels=channels, height=side, width=side)


def add_stages(
    net: ChainBuilder,
    *filters: int,
    pool: str | None = "max_pool2d",
    is_normed: bool = False,
    ends_in_mean: bool = False,
) -> ChainBuilder:
    """Add stages of a 3 × 3 convolution, a ReLU and a pool that halves the maps.

    Args:
        net: the network so far.
        *filters: of each stage.
        pool: type of the pools; None for convolutions that move by 2 instead.
        is_normed: whether a batch norm stands behind each convolution.
        ends_in_mean: whether the last stage ends in the mean of each map.
    """
    for number, width in enumerate(filters, 1):
        net.add(
            f"conv{number}",
            "conv2d",
            out_channels=width,
            kernel_size=3,
            padding=1,
            stride=1 if pool else 2,
            bias=not is_normed,
        )
        if is_normed:
            net.add(f"bn{number}", "batch_norm")
        net.add(f"relu{number}", "relu")
        if ends_in_mean and number == len(filters):
            net.add(f"pool{number}", "global_avg_pool")
        elif pool:
            net.add(f"pool{number}", pool, kernel_size=2, stride=2)
    return net


def classifying(
    net: ChainBuilder, setup: Setup, *, held_out: float | None = None, **settings: object
) -> Project:
    """Return what an arm trains: a network that ends in a classifier, and how it is trained.

    Args:
        net: the network before its classifier.
        setup: what the user decided.
        held_out: share of the images that validates, divided anew for each seed; that of the images' source if None.
        **settings: of training, where they are not batches of 64 without weight decay.
    """
    if "flatten" not in net.document.paths:
        net.add("flatten", "flatten")
    net.add("classifier", "linear", out_features=NUM_DIGITS)
    usual: dict[str, object] = {"weight_decay": 0, "batch_size": 64, "seed": setup.seed}
    data = setup.data
    if held_out is not None:
        data = data.model_copy(update={"val_fraction": held_out, "split_seed": setup.seed})
    return Project(net.finish(), data, TrainSettings.model_validate(usual | settings))
