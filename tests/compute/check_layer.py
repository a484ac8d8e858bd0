"""One harness for every layer type: what the description claims must be what PyTorch does.

`check_layer` takes a layer type, parameter values and input shapes, and compares shapes (rule, meta device, real
forward), tensors, gradients, modes, a training step, the exported code, how far an output cell sees, and the
round trip through a file. It returns what the rule said.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from cnn_studio.compiler import lower
from cnn_studio.compiler.builders import BUILDERS
from cnn_studio.compiler.initialise import initialise
from cnn_studio.compiler.modules import BlockParameter
from cnn_studio.compiler.source_helpers import HELPERS
from cnn_studio.compiler.source_layers import write_layer
from cnn_studio.graph.commands import AddLayer
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.records import from_record, to_record
from cnn_studio.graph.spec import Inferred, LayerSpec, Shape
from tests.compute.check_reach import check_reach

BATCH = 2

Condition = Callable[[dict[str, Any]], bool]


def _rounds_up(params: dict[str, Any]) -> bool:
    return bool(params["ceil_mode"])


def _uneven_or_dilated(params: dict[str, Any]) -> bool:
    top, bottom, left, right = params["padding"]
    return (top, left) != (bottom, right) or params.get("dilation", (1, 1)) != (1, 1)


_HANGING = "with ceil_mode PyTorch lets a single window hang over a map that is smaller than it"
_PADDING = "PyTorch pads no single side; a window that holds padding alone would give −∞, or 0 / 0"

_BROADCAST = "PyTorch repeats any sizes of 1; a shortcut of another shape is mostly a slip"


def _always(params: dict[str, Any]) -> bool:
    return True


STRICTER: dict[tuple[str, str], tuple[Condition, str]] = {
    ("max_pool2d", "window_too_large"): (_rounds_up, _HANGING),
    ("avg_pool2d", "window_too_large"): (_rounds_up, _HANGING),
    ("sum_pool2d", "window_too_large"): (_rounds_up, _HANGING),
    ("max_pool2d", "padding_too_wide"): (_uneven_or_dilated, _PADDING),
    ("avg_pool2d", "padding_too_wide"): (_uneven_or_dilated, _PADDING),
    ("sum_pool2d", "padding_too_wide"): (_always, "PyTorch has no sum pooling; as its average"),
    ("lp_pool2d", "window_too_large"): (_rounds_up, _HANGING),
    **{
        (merge, "merge_mismatch"): (_always, _BROADCAST)
        for merge in ("add", "multiply", "subtract", "maximum")
    },
    ("group_norm", "single_value"): (_always, "PyTorch refuses it for a batch of one image only"),
    ("crop2d", "nothing_left"): (_always, "a negative end would count from the other side"),
    ("chunk", "no_such_share"): (
        _always,
        "PyTorch's answer is an IndexError of a tuple, or a share that is empty",
    ),
    ("channel_slice", "channels_out_of_range"): (_always, "PyTorch cuts a range silently to what is there"),
    ("hardtanh", "empty_range"): (_always, "PyTorch asserts, or gives one value everywhere"),
    ("layer_scale", "needs_map"): (_always, "PyTorch repeats a vector over factors of [C, 1, 1]"),
}
"""Where a rule refuses what PyTorch would run: layer type and problem code, when, and the reason."""


def seeded_inputs(spec: LayerSpec, params: dict[str, Any], shapes: tuple[Shape, ...]) -> list[Tensor]:
    """Normal random inputs [B, ...] that depend on the case alone."""
    generator = torch.Generator().manual_seed(zlib.crc32(repr((spec.id, params, shapes)).encode()))
    return [torch.randn(BATCH, *shape, generator=generator) for shape in shapes]


def build(
    spec: LayerSpec, params: dict[str, Any], shapes: tuple[Shape, ...], device: str = "cpu"
) -> nn.Module:
    """The layer's module with the program's own first weights."""
    with torch.device("meta"):
        module = BUILDERS[spec.id](params, shapes)
    if device == "cpu":
        module.to_empty(device="cpu")
        initialise(module, 0, 1)
    return module


def check_layer(spec: LayerSpec, params: dict[str, Any], shapes: tuple[Shape, ...]) -> Inferred:
    """Check one layer on inputs of the given shapes against PyTorch."""
    _check_file(spec, params)
    inferred = spec.infer(params, shapes)
    if inferred.shape is None:
        _check_refusal(spec, params, shapes, inferred)
        return inferred
    assert all(f.severity != "error" for f in inferred.findings)
    if spec.id == "input":
        _check_input(params, inferred.shape)
        return inferred
    meta = build(spec, params, shapes, "meta")
    assert tuple(meta(*(torch.empty(BATCH, *s, device="meta") for s in shapes)).shape[1:]) == inferred.shape
    _check_tensors(spec, params, shapes, meta)
    module = build(spec, params, shapes)
    _check_tensors(spec, params, shapes, module)
    inputs = seeded_inputs(spec, params, shapes)
    _check_forward(module, inputs, inferred.shape)
    _check_code(spec, params, shapes, module, inputs)
    check_reach(spec, params, shapes, module, inferred.shape)
    _check_step(module, inputs)
    assert spec.macs(params, shapes, inferred.shape) >= 0
    for text in (spec.caption(params), spec.subtitle(params)):
        assert len(text) < 80
    return inferred


def _check_file(spec: LayerSpec, params: dict[str, Any]) -> None:
    document = NetworkDocument()
    document.put_layer(Layer(3, "block.layer1", spec.id, params, x=1.5, y=-2.0))
    text = json.dumps(to_record(document))
    again = from_record(json.loads(text))
    assert again.layers[3] == document.layers[3]
    assert json.dumps(to_record(again)) == text
    command = AddLayer.of(document.layers[3])
    assert AddLayer.model_validate_json(command.model_dump_json()).to_layer() == document.layers[3]


def _check_refusal(
    spec: LayerSpec, params: dict[str, Any], shapes: tuple[Shape, ...], inferred: Inferred
) -> None:
    errors = [f for f in inferred.findings if f.severity == "error"]
    assert errors, "no shape, and no error that says why"
    assert all(len(f.message) > 30 and f.message.endswith(".") for f in errors)
    code = errors[0].code
    if (spec.id, code) in STRICTER and STRICTER[spec.id, code][0](params):
        return
    if code in {"needs_map", "needs_map_or_vector"}:
        return  # PyTorch takes a [B, N] input of a convolution or a pooling layer for one unbatched map
    try:
        result = build(spec, params, shapes)(*seeded_inputs(spec, params, shapes))
    except (RuntimeError, ValueError, IndexError):
        return
    if result.numel() == 0:
        return
    if code == "missing_flatten":
        assert result.dim() != 2  # a fully connected layer works along the last axis: no scores come out
        return
    raise AssertionError(f"{spec.id} refuses with {code}, but PyTorch gives {tuple(result.shape)}")


def _check_input(params: dict[str, Any], shape: Shape) -> None:
    document = NetworkDocument()
    document.put_layer(Layer(1, "input", "input", params))
    document.put_layer(Layer(2, "flatten", "flatten"))
    document.put_link(Link(1, 2))
    document.change_info(output=2)
    image = torch.randn(BATCH, *shape)
    assert torch.equal(lower(document)(image), image.flatten(1))


def _check_tensors(
    spec: LayerSpec, params: dict[str, Any], shapes: tuple[Shape, ...], module: nn.Module
) -> None:
    described = spec.tensors(params, shapes)
    if isinstance(module, BlockParameter):
        described = {"weight": described[""]}  # in a network it has the layer's own name
    state = module.state_dict()
    assert {name: t.shape for name, t in described.items()} == {n: tuple(v.shape) for n, v in state.items()}
    trained = dict(module.named_parameters())
    assert {name for name, t in described.items() if not t.is_buffer} == set(trained)
    assert spec.num_params(params, shapes) == sum(p.numel() for p in trained.values())


def _check_forward(module: nn.Module, inputs: list[Tensor], shape: Shape) -> None:
    before = [x.clone() for x in inputs]
    for mode in (True, False):
        module.train(mode)
        leaves = [x.clone().requires_grad_() for x in inputs]
        copies = [leaf * 1 for leaf in leaves]  # an in-place change of a leaf would be refused and hidden
        result = module(*copies)
        assert tuple(result.shape) == (BATCH, *shape)
        assert torch.isfinite(result).all(), "not all results are finite"
        for copy, old in zip(copies, before, strict=True):
            assert torch.equal(copy, old), "the layer changed its input"
        module.zero_grad()
        # a sum alone would have zero gradient behind softmax and batch norm
        weights = torch.linspace(0.5, 1.5, result.numel()).view_as(result)
        (result * weights).sum().backward()
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None, f"no gradient reaches {name}"
            assert torch.isfinite(parameter.grad).all(), f"the gradient of {name} is not finite"
        for leaf in leaves:
            assert leaf.grad is not None
            assert torch.isfinite(leaf.grad).all()


def _check_code(
    spec: LayerSpec,
    params: dict[str, Any],
    shapes: tuple[Shape, ...],
    module: nn.Module,
    inputs: list[Tensor],
) -> None:
    """Run the exported code of this one layer and compare it with the module, key by key and value by value."""
    code = write_layer(spec.id, params, shapes)
    space: dict[str, Any] = {f"x{n}": x.clone() for n, x in enumerate(inputs)}
    exec(
        f"import torch\nfrom torch import nn\nfrom torch.nn import functional\n{HELPERS.get(code.helper, '')}",
        space,
    )
    if code.module:
        space["layer"] = eval(code.module, space)
    state = module.state_dict()
    if isinstance(module, BlockParameter):
        assert torch.equal(space["layer"], state["weight"]), "the exported first value is another"
        space["layer"] = state["weight"]
    elif code.module:
        space["layer"].load_state_dict(state)
        space["layer"].eval()
    else:
        assert not state
    with torch.no_grad():
        result = eval(code.call("layer", [f"x{n}" for n in range(len(inputs))]), space)
        torch.testing.assert_close(result, module.eval()(*inputs), rtol=1e-5, atol=1e-5)


def _check_step(module: nn.Module, inputs: list[Tensor]) -> None:
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trained:
        return
    module.train()
    before = [parameter.detach().clone() for parameter in trained]
    module.zero_grad()
    result = module(*inputs)
    (result * torch.linspace(0.5, 1.5, result.numel()).view_as(result)).sum().backward()
    with torch.no_grad():
        for parameter in trained:
            assert parameter.grad is not None
            parameter -= 0.1 * parameter.grad
    for parameter, old in zip(trained, before, strict=True):
        still = parameter.grad is not None and parameter.grad.abs().max() < 1e-4  # a single value normalised
        assert still or not torch.equal(parameter, old), "a step changed nothing"
    assert torch.isfinite(module(*inputs)).all()
