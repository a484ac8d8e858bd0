"""What the newer layer types compute, against PyTorch's own functions, formulas and loops over the cells."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor
from torch.nn import functional

from cnn_studio.compiler.modules import SeededDropout2d, StochasticDepth
from cnn_studio.graph.layers.connection import LENET5_TABLE
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.spec import Reach, Shape
from tests.compute.check_layer import build, seeded_inputs
from tests.helpers.strategies import fitting_params, maps

MAPS = ((4, 6, 8),)


def outcome(type_id: str, shapes: tuple[Shape, ...], **changes: Any) -> tuple[Tensor, list[Tensor]]:
    """The layer's result in prediction, and its inputs."""
    spec = get_spec(type_id)
    params = {**spec.default_params(), **changes}
    inputs = seeded_inputs(spec, params, shapes)
    with torch.no_grad():
        return build(spec, params, shapes).eval()(*inputs), inputs


def same_mean(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    """Mean 0 and variance 1 over some axes."""
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    return (x - mean) / (var + eps).sqrt()


@pytest.mark.parametrize(
    ("type_id", "params", "plain"),
    [
        ("relu6", {}, functional.relu6),
        ("elu", {"alpha": 0.7}, lambda x: functional.elu(x, 0.7)),
        ("selu", {}, functional.selu),
        ("gelu", {}, lambda x: x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))),
        ("gelu", {"approximate": "tanh"}, lambda x: functional.gelu(x, approximate="tanh")),
        ("silu", {}, lambda x: x * torch.sigmoid(x)),
        ("mish", {}, lambda x: x * torch.tanh(torch.log1p(x.exp()))),
        ("softplus", {"beta": 2.0}, lambda x: torch.log1p((2 * x).exp()) / 2),
        ("hardswish", {}, lambda x: x * (x + 3).clamp(0, 6) / 6),
        ("hardsigmoid", {}, lambda x: (x + 3).clamp(0, 6) / 6),
        ("hardtanh", {"min_val": -0.5, "max_val": 0.25}, lambda x: x.clamp(-0.5, 0.25)),
        ("scaled_tanh", {}, lambda x: 1.7159 * torch.tanh(2 / 3 * x)),
        ("prelu", {"init": 0.3}, lambda x: torch.where(x > 0, x, 0.3 * x)),
        ("prelu", {"init": -0.3, "per_channel": False}, lambda x: torch.where(x > 0, x, -0.3 * x)),
        ("adaptive_max_pool2d", {"output_size": (3, 2)}, lambda x: functional.adaptive_max_pool2d(x, (3, 2))),
        ("global_max_pool", {}, lambda x: x.amax((2, 3), keepdim=True)),
        ("spatial_mean", {}, lambda x: x.mean((2, 3))),
        ("spatial_mean", {"keepdim": True}, lambda x: x.mean((2, 3), keepdim=True)),
        ("instance_norm", {"eps": 1e-3}, lambda x: same_mean(x, (2, 3), 1e-3)),
        ("layer_norm", {"over": "channels", "eps": 1e-3}, lambda x: same_mean(x, (1,), 1e-3)),
        ("layer_norm", {"over": "last", "eps": 1e-3}, lambda x: same_mean(x, (3,), 1e-3)),
        ("layer_norm", {"over": "all", "eps": 1e-3}, lambda x: same_mean(x, (1, 2, 3), 1e-3)),
        (
            "group_norm",
            {"groups": 2, "eps": 1e-3},
            lambda x: same_mean(x.reshape(2, 2, 2, 6, 8), (2, 3, 4), 1e-3).reshape(x.shape),
        ),
        ("layer_scale", {"init": 0.5}, lambda x: x * 0.5),
        ("scale_shift", {"scale": 2.0, "shift": -1.0}, lambda x: 2 * x - 1),
        ("pad2d", {"padding": (1, 2, 3, 0)}, lambda x: functional.pad(x, (3, 0, 1, 2))),
        ("pad2d", {"padding": (1, 2, 3, 0), "value": 7.0}, lambda x: functional.pad(x, (3, 0, 1, 2), value=7)),
        (
            "pad2d",
            {"padding": (1, 2, 3, 0), "mode": "reflect"},
            lambda x: functional.pad(x, (3, 0, 1, 2), "reflect"),
        ),
        ("crop2d", {"sides": (1, 2, 3, 0)}, lambda x: x[:, :, 1:4, 3:]),
        ("reshape", {"shape": (8, -1, 4)}, lambda x: x.reshape(2, 8, 6, 4)),
        ("permute", {"order": (1, 2, 0)}, lambda x: x.permute(0, 2, 3, 1)),
        ("upsample", {"scale": (2, 3)}, lambda x: x.repeat_interleave(2, 2).repeat_interleave(3, 3)),
        (
            "upsample",
            {"mode": "bilinear", "align_corners": True},
            lambda x: functional.interpolate(x, (12, 16), mode="bilinear", align_corners=True),
        ),
        ("pixel_shuffle", {}, lambda x: functional.pixel_shuffle(x, 2)),
        ("space_to_depth", {}, lambda x: functional.pixel_unshuffle(x, 2)),
        ("channel_shuffle", {}, lambda x: x[:, [0, 2, 1, 3]]),
        ("chunk", {"parts": 3, "index": 1}, lambda x: x[:, 2:4]),
        ("channel_slice", {"start": 1, "stop": 3}, lambda x: x[:, 1:3]),
    ],
)  # fmt: skip
def test_the_result_is_the_formula(type_id: str, params: dict[str, Any], plain: Any) -> None:
    result, (x,) = outcome(type_id, MAPS, **params)
    torch.testing.assert_close(result, plain(x))


@pytest.mark.parametrize(
    ("type_id", "plain"),
    [
        ("multiply", lambda a, b: a * b),
        ("subtract", lambda a, b: a - b),
        ("maximum", torch.maximum),
        ("add", lambda a, b: a + b),
    ],
)
@pytest.mark.parametrize("second", [(3, 4, 5), (3, 1, 1), (1, 4, 5)])
def test_merges_repeat_one_number_per_channel_or_place(type_id: str, plain: Any, second: Shape) -> None:
    for shapes in (((3, 4, 5), second), (second, (3, 4, 5))):
        result, inputs = outcome(type_id, shapes)
        torch.testing.assert_close(result, plain(*inputs))


@pytest.mark.parametrize("type_id", ["add", "multiply", "subtract", "maximum"])
@pytest.mark.parametrize("other", [(3, 1, 5), (1, 1, 1), (3, 4), (1, 4, 1), (20,), (3, 5, 4)])
def test_merges_refuse_what_is_not_clearly_meant(type_id: str, other: Shape) -> None:
    inferred = get_spec(type_id).infer({}, ((3, 4, 5), other))
    assert [finding.code for finding in inferred.findings] == ["merge_mismatch"]


def test_two_halves_do_not_make_a_whole_map() -> None:
    assert get_spec("multiply").infer({}, ((3, 1, 1), (1, 4, 5))).shape is None


@settings(max_examples=50)
@given(
    data=maps(6, 7).flatmap(
        lambda s: fitting_params(get_spec("connection_conv2d"), (s,)).map(lambda p: (s, p))
    )
)
def test_a_connection_table_is_a_convolution_with_holes(data: tuple[Shape, dict[str, Any]]) -> None:
    shape, params = data
    spec = get_spec("connection_conv2d")
    if spec.infer(params, (shape,)).shape is None or spec.window is None:
        return
    module = build(spec, params, (shape,))
    (x,) = seeded_inputs(spec, params, (shape,))
    full = torch.zeros(len(params["table"]), shape[0], *params["kernel_size"])
    n = 0
    for row, seen in enumerate(params["table"]):
        for channel in seen:
            full[row, channel] = module.weight[n]
            n += 1
    rows, columns = spec.window(params, shape)
    padded = functional.pad(x, (columns.before, columns.after, rows.before, rows.after))
    expected = functional.conv2d(padded, full, module.bias, params["stride"])
    torch.testing.assert_close(module(x), expected)


def test_lenets_table_is_that_of_1998() -> None:
    spec = get_spec("connection_conv2d")
    params, shapes = spec.default_params(), ((6, 14, 14),)
    assert spec.num_params(params, shapes) == 1516
    assert spec.infer(params, shapes).shape == (16, 10, 10)
    assert [len(row) for row in LENET5_TABLE] == [3] * 6 + [4] * 9 + [6]
    # every map of S2 is seen by ten maps of C3, as the columns of the table say
    assert [sum(channel in row for row in LENET5_TABLE) for channel in range(6)] == [10] * 6
    assert spec.macs(params, shapes, (16, 10, 10)) == 60 * 25 * 100


def test_first_weights_of_a_table_follow_what_each_filter_sees() -> None:
    spec = get_spec("connection_conv2d")
    module = build(spec, {**spec.default_params(), "table": ((0,), tuple(range(64)))}, ((64, 9, 9),))
    few, many = module.weight[:1].abs().max().item(), module.weight[1:].abs().max().item()
    assert 0.8 * 1 / 5 < few <= 1 / 5
    assert 0.8 * 1 / 40 < many <= 1 / 40


@settings(max_examples=50)
@given(
    data=maps(6, 6).flatmap(
        lambda s: fitting_params(get_spec("conv_transpose2d"), (s,)).map(lambda p: (s, p))
    )
)
def test_a_transposed_convolution_is_the_gradient_of_a_convolution(
    data: tuple[Shape, dict[str, Any]],
) -> None:
    shape, params = data
    spec = get_spec("conv_transpose2d")
    output = spec.infer(params, (shape,)).shape
    extra_cells = any(extra >= s for extra, s in zip(params["output_padding"], params["stride"], strict=True))
    if output is None or extra_cells:
        return  # the extra cells would give the convolution another place
    module = build(spec, params, (shape,))
    (x,) = seeded_inputs(spec, params, (shape,))
    image = torch.zeros(len(x), *output, requires_grad=True)
    forward = functional.conv2d(
        image, module.weight, None, params["stride"], params["padding"], params["dilation"], params["groups"]
    )
    (expected,) = torch.autograd.grad(forward, image, x)
    if module.bias is not None:
        expected = expected + module.bias.view(-1, 1, 1)
    torch.testing.assert_close(module(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("power", [1.0, 2.0, 3.5])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_power_pooling_is_the_norm_of_each_window(power: float, ceil_mode: bool) -> None:
    sizes = {"kernel_size": (3, 2), "stride": (2, 2), "ceil_mode": ceil_mode}
    result, (x,) = outcome("lp_pool2d", ((3, 8, 7),), norm=power, **sizes)
    for row in range(result.shape[2]):
        for column in range(result.shape[3]):
            window = x[:, :, 2 * row : 2 * row + 3, 2 * column : 2 * column + 2]
            expected = torch.linalg.vector_norm(window, power, dim=(2, 3))
            torch.testing.assert_close(result[:, :, row, column], expected)


def test_power_pooling_has_a_gradient_where_a_window_is_zero() -> None:
    spec = get_spec("lp_pool2d")
    x = torch.zeros(1, 1, 4, 4)
    x[..., 2:] = 1
    x.requires_grad_()
    build(spec, dict(spec.default_params()), ((1, 4, 4),))(x).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad[..., :2], torch.zeros(1, 1, 4, 2))
    torch.testing.assert_close(x.grad[..., 2:], torch.full((1, 1, 4, 2), 0.5))


def test_fully_connected_along_the_last_axis_is_a_1x1_convolution() -> None:
    spec = get_spec("linear")
    params = {**spec.default_params(), "out_features": 5, "over": "last", "activation": "relu"}
    module = build(spec, params, ((6, 7, 4),))
    (x,) = seeded_inputs(spec, params, ((6, 7, 4),))
    expected = functional.conv2d(x.permute(0, 3, 1, 2), module.weight[:, :, None, None], module.bias).relu()
    torch.testing.assert_close(module(x), expected.permute(0, 2, 3, 1))
    assert spec.macs(params, ((6, 7, 4),), (6, 7, 5)) == 6 * 7 * 4 * 5


@pytest.mark.parametrize(
    ("module", "kept_shape"),
    [
        (SeededDropout2d(0.3), (200, 50, 1, 1)),
        (StochasticDepth(0.3, "row"), (200, 1, 1, 1)),
        (StochasticDepth(0.3, "batch"), (1, 1, 1, 1)),
    ],
    ids=["dropout2d", "row", "batch"],
)
def test_whole_maps_images_and_batches_are_dropped_together(module: Any, kept_shape: Shape) -> None:
    x = torch.ones(200, 50, 3, 2)
    state = torch.random.get_rng_state()
    seen, first = [], torch.empty(0)
    for seed in range(200 if kept_shape[0] == 1 else 1):
        module.train().reseed(seed)
        first = module(x)
        kept = first[: kept_shape[0], : kept_shape[1], :1, :1]
        assert torch.equal(first, kept.expand_as(first)), "one draw for all of it"
        torch.testing.assert_close(kept, (kept > 0) / 0.7)
        seen.append((kept == 0).float().mean().item())
    assert abs(sum(seen) / len(seen) - 0.3) < 0.1
    assert torch.equal(torch.random.get_rng_state(), state)
    module.reseed(len(seen) - 1)
    assert torch.equal(module(x), first)
    assert torch.equal(module.eval()(x), x)


@pytest.mark.parametrize(
    ("type_id", "changes", "shape", "reach"),
    [
        (
            "conv2d",
            {"kernel_size": (3, 5), "stride": (2, 1), "dilation": (2, 1)},
            (3, 32, 32),
            ((5, 2), (5, 1)),
        ),
        ("max_pool2d", {"kernel_size": (3, 3)}, (3, 32, 32), ((3, 2), (3, 2))),
        ("conv_transpose2d", {"kernel_size": (3, 4)}, (3, 8, 8), ((2, "1/2"), (2, "1/2"))),
        ("upsample", {"scale": (2, 4), "mode": "bilinear"}, (3, 8, 8), ((2, "1/2"), (2, "1/4"))),
        ("upsample", {"mode": "bilinear", "align_corners": True}, (1, 3, 5), ((2, "2/5"), (2, "4/9"))),
        ("pixel_shuffle", {}, (4, 8, 8), ((1, "1/2"), (1, "1/2"))),
        ("space_to_depth", {"factor": 4}, (4, 8, 8), ((4, 4), (4, 4))),
        ("adaptive_avg_pool2d", {"output_size": (3, 7)}, (2, 7, 7), ((3, "7/3"), (1, 1))),
        ("global_max_pool", {}, (2, 7, 9), ((7, 7), (9, 9))),
        ("flatten", {}, (2, 7, 9), ((7, 7), (9, 9))),
        ("layer_norm", {}, (2, 7, 9), ((1, 1), (1, 1))),
        ("group_norm", {}, (4, 7, 9), ((7, 1), (9, 1))),
        ("relu", {}, (2, 7, 9), ((1, 1), (1, 1))),
        ("linear", {}, (20,), ((1, 1), (1, 1))),
    ],
)
def test_reach(type_id: str, changes: dict[str, Any], shape: Shape, reach: Any) -> None:
    spec = get_spec(type_id)
    found = spec.reach({**spec.default_params(), **changes}, (shape,))
    assert found == tuple(Reach(span, Fraction(stride)) for span, stride in reach)
