"""The first networks: LeNet-5 in both forms, AlexNet in both forms, and two small ones to begin with."""

from __future__ import annotations

from typing import Any

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters.chain import ChainBuilder


def lenet5() -> NetworkDocument:
    """Return LeNet-5 (Y. LeCun et al., Gradient-based learning applied to document recognition, 1998).

    C3 sees all maps of S2, as later versions do, so that the total is 61,750 parameters.
    """
    return _lenet("LeNet-5", "conv2d", out_channels=16)


def lenet5_1998() -> NetworkDocument:
    """Return LeNet-5 with the connection table of 1998: each map of C3 sees some of the maps of S2.

    C1 to F6 have 60,000 parameters, as in the paper; its output layer of radial basis functions, whose centres
    were set by hand, is a fully connected layer here.
    """
    return _lenet("LeNet-5 (1998)", "connection_conv2d")  # the table is the type's default


def _lenet(name: str, third: str, **params: Any) -> NetworkDocument:
    return (
        ChainBuilder(name)
        .add("input", "input", channels=1, height=32, width=32)
        .add("C1", "conv2d", out_channels=6, kernel_size=5)
        .add("S2", "subsampling", kernel_size=2, stride=2)
        .add("C3", third, kernel_size=5, **params)
        .add("S4", "subsampling", kernel_size=2, stride=2)
        .add("C5", "conv2d", out_channels=120, kernel_size=5)
        .add("flatten", "flatten")
        .add("F6", "linear", out_features=84, activation="tanh")
        .add("OUT", "linear", out_features=10)
        .finish()
    )


def mlp() -> NetworkDocument:
    """Return a multilayer perceptron: fully connected layers only."""
    return (
        ChainBuilder("Multilayer perceptron")
        .add("input", "input", channels=1, height=28, width=28)
        .add("flatten", "flatten")
        .add("fc1", "linear", out_features=128)
        .add("relu1", "relu")
        .add("fc2", "linear", out_features=10)
        .finish()
    )


def small_cnn() -> NetworkDocument:
    """Return two convolutions with pooling and one hidden layer."""
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


def alexnet_2012() -> NetworkDocument:
    """Return AlexNet as published: two groups, local response norm, overlapping pools, 227 × 227 images.

    Source: A. Krizhevsky, I. Sutskever and G. Hinton, ImageNet classification with deep convolutional neural
    networks (2012); the image size is that of which the paper's 55 × 55 maps follow.
    """
    net = ChainBuilder("AlexNet (2012)").add("input", "input", channels=3, height=227, width=227)
    norm: dict[str, Any] = {
        "size": 5,
        "alpha": 5e-4,
        "beta": 0.75,
        "k": 2.0,
    }  # PyTorch divides alpha by the size, the paper does not
    pool: dict[str, Any] = {"kernel_size": 3, "stride": 2}
    net.add("conv1", "conv2d", out_channels=96, kernel_size=11, stride=4).add("relu1", "relu")
    net.add("norm1", "local_response_norm", **norm).add("pool1", "max_pool2d", **pool)
    net.add("conv2", "conv2d", out_channels=256, kernel_size=5, padding=2, groups=2).add("relu2", "relu")
    net.add("norm2", "local_response_norm", **norm).add("pool2", "max_pool2d", **pool)
    net.add("conv3", "conv2d", out_channels=384, kernel_size=3, padding=1).add("relu3", "relu")
    net.add("conv4", "conv2d", out_channels=384, kernel_size=3, padding=1, groups=2).add("relu4", "relu")
    net.add("conv5", "conv2d", out_channels=256, kernel_size=3, padding=1, groups=2).add("relu5", "relu")
    net.add("pool5", "max_pool2d", **pool).add("flatten", "flatten")
    for number in (6, 7):
        net.add(f"fc{number}", "linear", out_features=4096).add(f"relu{number}", "relu")
        net.add(f"drop{number}", "dropout", p=0.5)
    return net.add("fc8", "linear", out_features=1000).finish()


def alexnet() -> NetworkDocument:
    """Return the single-tower AlexNet with torchvision's names.

    Source: A. Krizhevsky, One weird trick for parallelizing convolutional neural networks (2014).
    """
    net = ChainBuilder("AlexNet").add("input", "input", channels=3, height=224, width=224)
    pool: dict[str, Any] = {"kernel_size": 3, "stride": 2}
    net.add("features.0", "conv2d", out_channels=64, kernel_size=11, stride=4, padding=2)
    net.add("features.1", "relu").add("features.2", "max_pool2d", **pool)
    net.add("features.3", "conv2d", out_channels=192, kernel_size=5, padding=2)
    net.add("features.4", "relu").add("features.5", "max_pool2d", **pool)
    for number, filters in ((6, 384), (8, 256), (10, 256)):
        net.add(f"features.{number}", "conv2d", out_channels=filters, kernel_size=3, padding=1)
        net.add(f"features.{number + 1}", "relu")
    net.add("features.12", "max_pool2d", **pool).add("avgpool", "adaptive_avg_pool2d", output_size=6)
    net.add("flatten", "flatten")
    for first in (0, 3):
        net.add(f"classifier.{first}", "dropout", p=0.5)
        net.add(f"classifier.{first + 1}", "linear", out_features=4096)
        net.add(f"classifier.{first + 2}", "relu")
    return net.add("classifier.6", "linear", out_features=1000).finish()
