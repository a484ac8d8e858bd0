"""Every registered layer against PyTorch: drawn parameters and shapes, and the numbers that come out."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from cnn_studio.compiler.builders import BUILDERS
from cnn_studio.compiler.modules import SeededDropout
from cnn_studio.graph.registry import all_specs, get_spec
from cnn_studio.graph.spec import LayerSpec, Shape
from tests.compute.check_layer import STRICTER, build, check_layer, seeded_inputs
from tests.helpers.strategies import fitting_params, input_shapes, maps, params_of

SPECS = [pytest.param(spec, id=spec.id) for spec in all_specs()]
SLIDING = ["max_pool2d", "avg_pool2d", "sum_pool2d"]


def test_every_layer_type_has_a_builder() -> None:
    assert {spec.id for spec in all_specs()} - {"input"} == set(BUILDERS)


@pytest.mark.parametrize("spec", SPECS)
def test_description_is_what_pytorch_does(spec: LayerSpec) -> None:
    seen: set[bool] = set()

    @settings(max_examples=60)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        shapes = () if spec.max_inputs == 0 else data.draw(input_shapes(spec))
        inferred = check_layer(spec, data.draw(fitting_params(spec, shapes)), shapes)
        seen.add(inferred.shape is not None)

    check()
    assert True in seen, "no drawn example could run"


@pytest.mark.parametrize("spec", SPECS)
def test_defaults_work_on_an_ordinary_map_or_say_why_not(spec: LayerSpec) -> None:
    shapes = ((4, 12, 12),) * max(1, spec.min_inputs) if spec.max_inputs != 0 else ()
    inferred = check_layer(spec, dict(spec.default_params()), shapes)
    if spec.id in NEEDS_OTHER_INPUT:
        assert [f.code for f in inferred.findings] == [NEEDS_OTHER_INPUT[spec.id]]
    else:
        assert inferred.shape is not None


NEEDS_OTHER_INPUT = {"linear": "missing_flatten", "connection_conv2d": "connection_out_of_range"}
MERGES = {"add": torch.add, "multiply": torch.mul, "subtract": torch.sub, "maximum": torch.maximum}
HANGING = {"kernel_size": (3, 3), "stride": (2, 2), "ceil_mode": True}
APART = {"kernel_size": (2, 2), "stride": (1, 1), "padding": (1, 1, 1, 1), "dilation": (3, 3)}


@pytest.mark.parametrize(
    ("type_id", "code", "changes", "shapes"),
    [
        ("avg_pool2d", "window_too_large", HANGING, ((1, 2, 2),)),
        ("max_pool2d", "window_too_large", HANGING, ((1, 2, 2),)),
        ("max_pool2d", "padding_too_wide", APART, ((1, 2, 2),)),
        *((merge, "merge_mismatch", {}, ((2, 3, 3), (2, 1, 3))) for merge in MERGES),
        ("lp_pool2d", "window_too_large", HANGING, ((1, 2, 2),)),
        ("group_norm", "single_value", {"groups": 2}, ((2, 1, 1),)),
        ("channel_slice", "channels_out_of_range", {"start": 1, "stop": 9}, ((4, 2, 2),)),
        ("layer_scale", "needs_map", {}, ((3,),)),
    ],
)
def test_stricter_rules_refuse_what_pytorch_runs(
    type_id: str, code: str, changes: dict[str, Any], shapes: tuple[Shape, ...]
) -> None:
    assert (type_id, code) in STRICTER
    spec = get_spec(type_id)
    params = {**spec.default_params(), **changes}
    assert [f.code for f in spec.infer(params, shapes).findings] == [code]
    plain = _PLAIN.get(type_id) or _plain_pool(type_id, params)
    plain(*(torch.zeros(2, *shape) for shape in shapes))


_PLAIN: dict[str, Any] = {
    **MERGES,
    "lp_pool2d": nn.LPPool2d(2, (3, 3), (2, 2), ceil_mode=True),
    "group_norm": nn.GroupNorm(2, 2),
    "channel_slice": lambda x: x[:, 1:9],
    "layer_scale": lambda x: x * torch.ones(3, 1, 1),
}


def _plain_pool(type_id: str, params: dict[str, Any]) -> nn.Module:
    padding = (params["padding"][0], params["padding"][2])
    if type_id == "max_pool2d":
        return nn.MaxPool2d(
            params["kernel_size"],
            params["stride"],
            padding,
            params["dilation"],
            ceil_mode=params["ceil_mode"],
        )
    return nn.AvgPool2d(
        params["kernel_size"], params["stride"], padding, params["ceil_mode"], params["count_include_pad"]
    )


# ------------------------------------------------------------------------------------------------ the same numbers


def brute_force_pool(type_id: str, x: Tensor, params: dict[str, Any], out: tuple[int, int]) -> Tensor:
    """Pool [B, C, H, W] window by window and cell by cell, in Python."""
    top, bottom, left, right = params["padding"]
    height, width = x.shape[2:]
    (kh, kw), (sh, sw) = params["kernel_size"], params["stride"]
    dh, dw = params.get("dilation", (1, 1))
    result = torch.zeros(*x.shape[:2], *out)
    for row in range(out[0]):
        for column in range(out[1]):
            cells, padding = [], 0
            for i in range(kh):
                for j in range(kw):
                    y, z = row * sh + i * dh - top, column * sw + j * dw - left
                    if 0 <= y < height and 0 <= z < width:
                        cells.append(x[:, :, y, z])
                    elif -top <= y < height + bottom and -left <= z < width + right:
                        padding += 1
            stack = torch.stack(cells)
            if type_id == "max_pool2d":
                result[:, :, row, column] = stack.amax(0)
            elif type_id == "sum_pool2d":
                result[:, :, row, column] = stack.sum(0)
            else:
                count = len(cells) + (padding if params["count_include_pad"] else 0)
                result[:, :, row, column] = stack.sum(0) / count
    return result


@pytest.mark.parametrize("type_id", SLIDING)
def test_pooling_equals_a_loop_over_the_cells(type_id: str) -> None:
    spec = get_spec(type_id)
    kinds: set[bool] = set()

    @settings(max_examples=80)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        shape, params = data.draw(maps(2, 8)), data.draw(params_of(spec, 4))
        halves = [n // 2 for n in params["kernel_size"] for _ in range(2)]
        params["padding"] = tuple(data.draw(st.integers(0, half)) for half in halves)
        inferred = spec.infer(params, (shape,))
        if inferred.shape is None:
            return
        (x,) = seeded_inputs(spec, params, (shape,))
        module = build(spec, params, (shape,))
        kinds.add(type(module).__name__ == "WindowPool2d")
        expected = brute_force_pool(type_id, x, params, inferred.shape[1:])  # type: ignore[arg-type]
        torch.testing.assert_close(module(x), expected)

    check()
    assert kinds == {True, False}, "both ways of pooling must have been tried"


@pytest.mark.parametrize("type_id", ["max_pool2d", "avg_pool2d"])
def test_ceil_mode_with_equal_padding_is_pytorchs(type_id: str) -> None:
    """The module for four-sided padding gives PyTorch's own numbers where PyTorch can pool at all."""
    from cnn_studio.compiler.modules import WindowPool2d
    from cnn_studio.graph.window import window

    for size in range(3, 10):
        for kernel, stride, pad, ceil in (
            (3, 2, 1, True),
            (2, 3, 1, True),
            (3, 3, 0, True),
            (4, 3, 2, False),
        ):
            params = {
                **get_spec(type_id).default_params(),
                "kernel_size": (kernel, kernel),
                "stride": (stride, stride),
                "padding": (pad,) * 4,
                "ceil_mode": ceil,
                "count_include_pad": size % 2 == 0,
            }
            geometry = window(size, size + 1, (kernel,) * 2, (stride,) * 2, (pad,) * 4, ceil=ceil)
            if min(geometry.rows.output, geometry.columns.output) < 1:
                continue
            x = torch.randn(2, 3, size, size + 1, generator=torch.Generator().manual_seed(size))
            ours = WindowPool2d(type_id[:3], geometry, count_include_pad=params["count_include_pad"])
            torch.testing.assert_close(ours(x), _plain_pool(type_id, params)(x))


def test_sum_pool_is_the_average_times_the_area() -> None:
    spec = get_spec("sum_pool2d")
    params = {**spec.default_params(), "kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1, 1, 1)}
    (x,) = seeded_inputs(spec, params, ((3, 8, 9),))
    expected = functional.avg_pool2d(x, (3, 2), (2, 1), (1, 1)) * 6
    torch.testing.assert_close(build(spec, params, ((3, 8, 9),))(x), expected)


@settings(max_examples=80)
@given(shape=maps(4, 9), params=params_of(get_spec("conv2d"), 5))
def test_convolution_is_pad_then_convolve(shape: Shape, params: dict[str, Any]) -> None:
    spec = get_spec("conv2d")
    if spec.infer(params, (shape,)).shape is None or spec.window is None:
        return
    rows, columns = spec.window(params, shape)
    module = build(spec, params, (shape,))
    (x,) = seeded_inputs(spec, params, (shape,))
    fill = "constant" if params["padding_mode"] == "zeros" else params["padding_mode"]
    padded = functional.pad(x, (columns.before, columns.after, rows.before, rows.after), fill)
    expected = functional.conv2d(
        padded,
        module.weight,
        module.bias,
        params["stride"],
        0,
        params["dilation"],
        params["groups"],
    )
    torch.testing.assert_close(module(x), expected)


@pytest.mark.parametrize("filter_", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding_at_stride_1_is_pytorchs(filter_: int, dilation: int) -> None:
    spec = get_spec("conv2d")
    params = {
        **spec.default_params(),
        "kernel_size": (filter_, filter_),
        "padding": "same",
        "dilation": (dilation, dilation),
    }
    module = build(spec, params, ((2, 11, 8),))
    (x,) = seeded_inputs(spec, params, ((2, 11, 8),))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns that it copies the input for even filters
        expected = functional.conv2d(x, module.weight, module.bias, padding="same", dilation=dilation)
    assert spec.infer(params, ((2, 11, 8),)).shape == (16, 11, 8)
    torch.testing.assert_close(module(x), expected)


@pytest.mark.parametrize("activation", ["none", "relu", "tanh", "sigmoid"])
def test_subsampling_equals_a_loop(activation: str) -> None:
    spec = get_spec("subsampling")
    params = {"kernel_size": (2, 3), "stride": (2, 2), "activation": activation}
    module = build(spec, params, ((3, 7, 8),))
    with torch.no_grad():
        module.weight.copy_(torch.tensor([0.5, -1.0, 2.0]))
        module.bias.copy_(torch.tensor([0.1, 0.2, -0.3]))
    (x,) = seeded_inputs(spec, params, ((3, 7, 8),))
    act = {"none": lambda v: v, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[activation]
    result = module(x)
    assert result.shape == (2, 3, 3, 3)
    for c in range(3):
        for row in range(3):
            for column in range(3):
                total = x[:, c, 2 * row : 2 * row + 2, 2 * column : 2 * column + 3].sum((1, 2))
                expected = act(module.weight[c] * total + module.bias[c])
                torch.testing.assert_close(result[:, c, row, column], expected)


def test_subsampling_starts_as_a_scaled_average() -> None:
    module = build(get_spec("subsampling"), dict(get_spec("subsampling").default_params()), ((3, 4, 4),))
    assert torch.equal(module.weight, torch.full((3,), 0.5))
    assert torch.equal(module.bias, torch.zeros(3))


@settings(max_examples=40)
@given(shape=maps(8, 5), params=params_of(get_spec("local_response_norm"), 9))
def test_local_response_norm_is_the_formula(shape: Shape, params: dict[str, Any]) -> None:
    (x,) = seeded_inputs(get_spec("local_response_norm"), params, (shape,))
    result = build(get_spec("local_response_norm"), params, (shape,))(x)
    size, channels = params["size"], shape[0]
    for c in range(channels):
        around = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1].double().pow(2).sum(1)
        divisor = (params["k"] + params["alpha"] / size * around) ** params["beta"]
        expected = (x[:, c].double() / divisor).float()
        torch.testing.assert_close(result[:, c], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 5, 6), (7,)])
def test_batch_norm_is_the_formula_and_keeps_statistics(shape: Shape) -> None:
    spec = get_spec("batch_norm")
    params = {"eps": 1e-3, "momentum": 0.25, "affine": True}
    module = build(spec, params, (shape,))
    (x,) = seeded_inputs(spec, params, (shape,))
    axes = tuple(i for i in range(x.dim()) if i != 1)
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    torch.testing.assert_close(module(x), (x - mean) / (var + 1e-3).sqrt())
    torch.testing.assert_close(module.running_mean, 0.25 * mean.flatten())
    torch.testing.assert_close(module.running_var, 0.75 + 0.25 * x.var(axes, correction=1))
    shown = [1, -1] + [1] * (len(shape) - 1)
    expected = (x - module.running_mean.view(shown)) / (module.running_var.view(shown) + 1e-3).sqrt()
    torch.testing.assert_close(module.eval()(x), expected)


@pytest.mark.parametrize(
    ("type_id", "params", "plain"),
    [
        ("identity", {}, lambda x: x),
        ("relu", {}, functional.relu),
        ("leaky_relu", {"negative_slope": 0.3}, lambda x: functional.leaky_relu(x, 0.3)),
        ("tanh", {}, torch.tanh),
        ("sigmoid", {}, torch.sigmoid),
        ("softmax", {}, lambda x: functional.softmax(x, 1)),
        ("flatten", {}, lambda x: x.flatten(1)),
        ("global_avg_pool", {}, lambda x: x.mean((2, 3), keepdim=True)),
        ("adaptive_avg_pool2d", {"output_size": (3, 2)}, lambda x: functional.adaptive_avg_pool2d(x, (3, 2))),
    ],
)
def test_plain_layers_are_pytorchs_functions(type_id: str, params: dict[str, Any], plain: Any) -> None:
    shapes = ((4, 6, 7),)
    (x,) = seeded_inputs(get_spec(type_id), params, shapes)
    torch.testing.assert_close(build(get_spec(type_id), params, shapes)(x), plain(x))


def test_merges_add_and_stack_in_the_order_of_their_inputs() -> None:
    parts = [torch.randn(2, n, 3, 3, generator=torch.Generator().manual_seed(n)) for n in (1, 2, 3)]
    shapes = tuple(tuple(part.shape[1:]) for part in parts)
    assert torch.equal(build(get_spec("concat"), {}, shapes)(*parts), torch.cat(parts, 1))
    same = [parts[0], parts[0] * 2, parts[0] * 3]
    torch.testing.assert_close(build(get_spec("add"), {}, shapes[:1] * 3)(*same), parts[0] * 6)


@pytest.mark.parametrize("activation", ["none", "relu", "tanh", "sigmoid"])
def test_fully_connected_with_activation(activation: str) -> None:
    spec = get_spec("linear")
    params = {"out_features": 5, "activation": activation, "bias": True}
    module = build(spec, params, ((9,),))
    (x,) = seeded_inputs(spec, params, ((9,),))
    plain = functional.linear(x, module.weight, module.bias)
    expected = plain if activation == "none" else getattr(torch, activation)(plain)
    torch.testing.assert_close(module(x), expected)


def test_dropout_drops_its_share_keeps_the_mean_and_repeats_by_seed() -> None:
    module = SeededDropout(0.3).train()
    x = torch.ones(100, 1000)
    state = torch.random.get_rng_state()
    module.reseed(5)
    first = module(x)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert abs((first == 0).float().mean().item() - 0.3) < 0.01
    assert abs(first.mean().item() - 1) < 0.01
    torch.testing.assert_close(first.max(), torch.tensor(1 / 0.7))
    assert not torch.equal(module(x), first)
    module.reseed(5)
    assert torch.equal(module(x), first)
    module.reseed(6)
    assert not torch.equal(module(x), first)
    assert torch.equal(module.eval()(x), x)


def test_dropout_at_its_ends() -> None:
    x = torch.randn(3, 4)
    assert torch.equal(SeededDropout(0.0).train()(x), x)
    assert torch.equal(SeededDropout(1.0).train()(x), torch.zeros(3, 4))
