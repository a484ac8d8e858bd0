"""Convolutions with the part of the kernel that can meet the image are the convolutions of PyTorch."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from cnn_studio.compiler import lower
from cnn_studio.engine.used_kernel import any_is_cut, cut_kernels, is_cut, used_taps
from cnn_studio.graph.starters import find_starter

SIZES = st.integers(1, 9)
KERNELS = st.integers(1, 7)
STRIDES = st.integers(1, 3)
PADDINGS = st.integers(0, 4)
DILATIONS = st.integers(1, 3)


@given(SIZES, KERNELS, STRIDES, PADDINGS, DILATIONS)
def test_taps_left_out_meet_nothing_but_padding(size, kernel, stride, padding, dilation):
    assume(size + 2 * padding >= dilation * (kernel - 1) + 1)
    found = used_taps(size, kernel, stride, padding, dilation)
    assume(found is not None)
    first, end, _ = found
    image = torch.ones(1, 1, 1, size, dtype=torch.float64)
    for tap in range(kernel):
        alone = torch.zeros(1, 1, 1, kernel, dtype=torch.float64)
        alone[..., tap] = 1.0
        meets = nn.functional.conv2d(image, alone, None, (1, stride), (0, padding), (1, dilation)).any()
        assert bool(meets) <= (first <= tap < end)
        if tap in (first, end - 1):
            assert meets, "the part is as small as it can be"


@given(
    SIZES, SIZES, KERNELS, KERNELS, STRIDES, PADDINGS, DILATIONS, st.booleans(), st.booleans(), st.booleans()
)
def test_result_and_gradients_are_those_of_the_whole_kernel(
    height, width, rows, columns, stride, padding, dilation, grouped, with_bias, channels_last
):
    assume(height + 2 * padding >= dilation * (rows - 1) + 1)
    assume(width + 2 * padding >= dilation * (columns - 1) + 1)
    plain = nn.Conv2d(
        4, 6, (rows, columns), stride, padding, dilation, groups=2 if grouped else 1, bias=with_bias
    ).double()
    if channels_last:
        plain = plain.to(memory_format=torch.channels_last)
    part = copy.deepcopy(plain)
    cut_kernels(part)
    images = torch.randn(2, 4, height, width, dtype=torch.float64)
    found = []
    for conv in (plain, part):
        given_images = images.clone().requires_grad_()
        out = conv(given_images)
        (out * torch.linspace(-1, 1, out.numel(), dtype=torch.float64).view_as(out)).sum().backward()
        found.append([out, given_images.grad, *(param.grad for param in conv.parameters())])
        assert conv.weight.grad.stride() == conv.weight.stride()
    for whole, cut in zip(*found, strict=True):
        torch.testing.assert_close(cut, whole, rtol=1e-12, atol=1e-12)


def test_last_stage_of_resnet_on_small_images_is_cut_and_lenet_is_not():
    resnet = lower(find_starter("resnet18").build())
    assert any_is_cut(resnet, torch.zeros(1, 3, 32, 32))
    assert not any_is_cut(resnet, torch.zeros(1, 3, 224, 224))
    assert resnet.training
    lenet = lower(find_starter("lenet5").build())
    assert not any_is_cut(lenet, torch.zeros(1, 1, 32, 32))


def test_a_step_of_resnet_moves_the_weights_alike():
    plain = lower(find_starter("resnet18").build()).double()
    part = copy.deepcopy(plain)
    cut_kernels(part)
    images, labels = torch.randn(4, 3, 32, 32, dtype=torch.float64), torch.tensor([1, 2, 3, 4])
    for network in (plain, part):
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
        for _ in range(2):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
    for name, whole in plain.state_dict().items():
        torch.testing.assert_close(part.state_dict()[name], whole, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(2, 2, 3, padding="same"),
    ],
)
def test_other_paddings_are_left_alone(conv):
    images = torch.randn(1, 2, 2, 2)
    whole = conv(images)
    cut_kernels(conv)
    assert not is_cut(conv, 1, 1)
    assert torch.equal(conv(images), whole)
