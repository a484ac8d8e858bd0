"""Reading modules: what becomes which layer, how names are found, and that the module is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from timm.layers import DropPath
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it
from torchvision.ops import StochasticDepth

from cnn_studio.compiler import lower, trace
from cnn_studio.core.errors import NetworkError
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.records import to_record
from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import STARTERS
from tests.helpers.imported import check_results, check_way_back
from tests.helpers.networks import chain, join

SIZE = (6, 12, 12)


class Around(nn.Module):
    """A convolution, then a function of the module and the maps [B, 6, 12, 12], then a vector."""

    def __init__(self, act: Callable[..., Tensor], **parts: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 3, padding=1)
        for name, part in parts.items():
            setattr(self, name, part)
        self._act = act

    def forward(self, x: Tensor) -> Tensor:
        return self._act(self, self.conv(x)).flatten(1)


def read(module: nn.Module, size: tuple[int, int, int] = SIZE) -> NetworkDocument:
    """The document of a module, after checking that both compute the same and that the way back is closed."""
    torch.manual_seed(0)
    traced = trace(module, size)
    check_results(module, traced.document, size, images=2)
    check_way_back(traced.document, size, device="cpu")
    return traced.document


def layers(document: NetworkDocument) -> list[tuple[str, str]]:
    return [(layer.path, layer.type) for layer in document.layers.values()]


def between(act: Callable[..., Tensor], **parts: Any) -> list[tuple[str, str]]:
    """What a function becomes, without the layers around it."""
    found = layers(read(Around(act, **parts)))[2:]
    return [layer for layer in found if layer != ("flatten", "flatten")]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda m, x: x + x, [("add", "add")]),
        (lambda m, x: x.add_(1).mul(2), [("scale", "scale_shift")]),
        (lambda m, x: (1 - x) / 4 + 0.5, [("scale", "scale_shift")]),
        (lambda m, x: torch.add(2, x, alpha=3), [("scale", "scale_shift")]),
        (lambda m, x: torch.sub(2, x, alpha=3), [("scale", "scale_shift")]),
        (lambda m, x: x * np.float32(3), [("scale", "scale_shift")]),
        (lambda m, x: x * x.sigmoid() - x, [("sigmoid", "sigmoid"), ("mul", "multiply"), ("sub", "subtract")]),
        (lambda m, x: torch.max(x, -x), [("scale", "scale_shift"), ("maximum", "maximum")]),
        (lambda m, x: F.relu6(x).clamp(0.5, 3), [("relu6", "relu6"), ("hardtanh", "hardtanh")]),
        (lambda m, x: x.clamp(min=0), [("relu", "relu")]),
        (lambda m, x: F.hardtanh(x, 0.0, 6.0), [("relu6", "relu6")]),
        (lambda m, x: x.mean((-1, -2)), [("mean", "spatial_mean")]),
        (lambda m, x: x.mean([2, 3], keepdim=True) * x, [("mean", "spatial_mean"), ("mul", "multiply")]),
        (lambda m, x: F.adaptive_avg_pool2d(x, 1), [("avgpool", "global_avg_pool")]),
        (lambda m, x: F.adaptive_avg_pool2d(x, (3, None)), [("avgpool", "adaptive_avg_pool2d")]),
        (lambda m, x: F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-torch.inf), 2), [("maxpool", "max_pool2d")]),
        (lambda m, x: F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 2), [("pad", "pad2d"), ("maxpool", "max_pool2d")]),
        (lambda m, x: F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2), [("avgpool", "avg_pool2d")]),
        (lambda m, x: F.avg_pool2d(x, 3, 2, divisor_override=1), [("sumpool", "sum_pool2d")]),
        (lambda m, x: F.pad(x, (-1, 2, 0, 0), "reflect"), [("crop", "crop2d"), ("pad", "pad2d")]),
        (lambda m, x: x[:, 2:5], [("slice", "channel_slice")]),
        (lambda m, x: x[..., 1:-1, 2:], [("crop", "crop2d")]),
        (lambda m, x: torch.split(x, [2, 4], 1)[1], [("slice", "channel_slice")]),
        (lambda m, x: sum(x.chunk(3, 1)), [("chunk", "chunk"), ("chunk2", "chunk"), ("chunk3", "chunk"), ("add", "add"), ("add2", "add")]),
        (lambda m, x: torch.cat([x, x[:, :1]], dim=1), [("slice", "channel_slice"), ("cat", "concat")]),
        (lambda m, x: x.view(-1, 2, 3, 12, 12).transpose(1, 2).reshape(-1, 6, 12, 12), [("shuffle", "channel_shuffle")]),
        (lambda m, x: x.permute(0, 2, 3, 1).contiguous(), [("permute", "permute")]),
        (lambda m, x: torch.permute(x, dims=(0, 2, 3, 1)), [("permute", "permute")]),
        (lambda m, x: F.relu(x.reshape(-1, 3, 24, 12)[:, None].squeeze(1)), [("reshape", "reshape"), ("relu", "relu")]),
        (lambda m, x: F.interpolate(x, scale_factor=2, mode="bilinear"), [("upsample", "upsample")]),
        (lambda m, x: F.pixel_unshuffle(x, 2), [("space_to_depth", "space_to_depth")]),
        (lambda m, x: F.dropout(x, 0.3, m.training), [("dropout", "dropout")]),
        (lambda m, x: F.dropout(x, 0.0, m.training), []),
        (lambda m, x: x.to(torch.float32).clone(), []),
        (lambda m, x: F.local_response_norm(x, 3), [("lrn", "local_response_norm")]),
        (lambda m, x: F.layer_norm(x, (6, 12, 12)), [("norm", "layer_norm")]),
        (lambda m, x: F.softmax(x, 1), [("softmax", "softmax")]),
    ],
)  # fmt: skip
def test_functions_are_layers(act: Callable[..., Tensor], expected: list[tuple[str, str]]) -> None:
    assert between(act) == expected


@pytest.mark.parametrize(
    ("module", "type_id"),
    [
        (nn.PReLU(6), "prelu"), (nn.GELU("tanh"), "gelu"), (nn.Mish(inplace=True), "mish"), (nn.ELU(0.5), "elu"),
        (nn.GroupNorm(3, 6), "group_norm"), (nn.InstanceNorm2d(6, affine=True), "instance_norm"),
        (nn.ConvTranspose2d(6, 4, 3, 2, 1, 1, groups=2), "conv_transpose2d"), (nn.Softplus(2.0), "softplus"),
        (nn.Conv2d(6, 4, 3, padding=2, padding_mode="reflect"), "conv2d"), (nn.Conv2d(6, 4, (3, 5), padding="same"), "conv2d"),
        (nn.LPPool2d(2, 3, 2), "lp_pool2d"), (nn.MaxPool2d(3, 2, 1, ceil_mode=True), "max_pool2d"),
        (nn.AvgPool2d(3, 2, 1, count_include_pad=False), "avg_pool2d"), (nn.AdaptiveMaxPool2d(2), "adaptive_max_pool2d"),
        (nn.ZeroPad2d((0, 1, 2, 0)), "pad2d"), (nn.ReplicationPad2d(2), "pad2d"), (nn.PixelShuffle(1), "pixel_shuffle"),
        (nn.Dropout2d(0.2), "dropout2d"), (nn.Upsample(scale_factor=3), "upsample"), (nn.ChannelShuffle(3), "channel_shuffle"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)  # fmt: skip
def test_modules_keep_their_names(module: nn.Module, type_id: str) -> None:
    assert between(lambda m, x: m.part(x), part=module) == [("part", type_id)]


def test_a_module_called_twice_is_two_layers_and_shares_its_weights() -> None:
    def act(m: Any, x: Tensor) -> Tensor:
        return m.relu(m.twice(m.relu(m.twice(x))))

    document = read(Around(act, twice=nn.Conv2d(6, 6, 1), relu=nn.ReLU(inplace=True)))
    assert layers(document)[2:-1] == [
        ("twice", "conv2d"), ("relu", "relu"), ("twice2", "conv2d"), ("relu2", "relu"),
    ]  # fmt: skip
    assert document.layer_at("twice2").tied_to == document.paths["twice"]
    assert sum(p.numel() for p in lower(document).parameters()) == 2 * 6 + 6 * 6 * 9 + 6 * 6


@pytest.mark.parametrize(
    ("shape", "apply", "layout"),
    [
        ((6, 1, 1), lambda m, x: x * m.gamma, "map"),
        ((6,), lambda m, x: m.gamma.view(1, -1, 1, 1) * x, "vector_map"),
        ((12,), lambda m, x: x.mul(m.gamma), "vector"),
    ],
)
def test_a_parameter_of_a_block_keeps_its_key(shape: tuple[int, ...], apply: Any, layout: str) -> None:
    module = Around(apply, gamma=nn.Parameter(torch.full(shape, 0.25)))
    document = read(module)
    assert layers(document)[2:-1] == [("gamma", "layer_scale")]
    assert document.layer_at("gamma").params == {"layout": layout, "init": 0.25}


def test_padding_that_others_read_too_or_that_is_a_module_of_its_own_stays_a_layer() -> None:
    def act(m: Any, x: Tensor) -> Tensor:
        y = F.pad(x, (0, 1, 0, 1))
        return m.next(y).mean((2, 3)) + y.mean((2, 3))

    shared = read(Around(act, next=nn.Conv2d(6, 6, 3)))
    assert shared.layer_at("pad").params["padding"] == (0, 1, 0, 1)
    assert shared.layer_at("next").params["padding"] == (0, 0, 0, 0)
    own = between(lambda m, x: m.next(m.pad(x)), pad=nn.ZeroPad2d(1), next=nn.Conv2d(6, 6, 3))
    assert own == [("pad", "pad2d"), ("next", "conv2d")]
    document = read(Around(lambda m, x: m.next(F.pad(x, (0, 1, 2, 3))), next=nn.Conv2d(6, 6, 3)))
    assert document.layer_at("next").params["padding"] == (2, 3, 0, 1)


class NormAct(nn.BatchNorm2d):
    """A norm with an activation as its part, so that one is inside the other."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.act = nn.ReLU()

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class calls it so
        return self.act(super().forward(input))


def test_parts_of_a_layer_stand_beside_it() -> None:
    module = Around(lambda m, x: m.blocks(m.bn(x)), bn=NormAct(6), blocks=nn.Sequential(NormAct(6)))
    assert layers(read(module))[2:-1] == [
        ("bn", "batch_norm"), ("bn_act", "relu"), ("blocks.0", "batch_norm"), ("blocks.act_0", "relu"),
    ]  # fmt: skip


def test_what_predictions_do_not_use_is_left_out_and_named() -> None:
    head = nn.Sequential(nn.Conv2d(6, 2, 1), nn.BatchNorm2d(2))
    traced = trace(Around(lambda m, x: m.head(x) if m.training else x, head=head), SIZE)
    assert traced.left_out == ("head",)
    assert traced.notes == ("head has no part in predictions and was left out, with its weights.",)
    assert traced.weights is not None and traced.weights.keys() == {"conv.weight", "conv.bias"}


def test_what_acts_in_training_keeps_its_settings() -> None:
    parts = {
        "drop": nn.Dropout(0.3),
        "depth": StochasticDepth(0.2, "batch"),
        "path": DropPath(0.1),
        "off": nn.Dropout(0.0),
    }
    document = read(Around(lambda m, x: m.off(m.path(m.depth(m.drop(x)))), **parts))
    found = {layer.path: (layer.type, layer.params) for layer in list(document.layers.values())[2:-1]}
    assert found == {
        "drop": ("dropout", {"p": 0.3}),
        "depth": ("stochastic_depth", {"p": 0.2, "mode": "batch"}),
        "path": ("stochastic_depth", {"p": 0.1, "mode": "row"}),
    }


def test_what_the_calls_do_not_show_is_read_off_the_module() -> None:
    slow = nn.BatchNorm2d(6, momentum=None)
    traced = trace(Around(lambda m, x: m.bn(x), bn=slow), SIZE)
    assert traced.document.layer_at("bn").params["momentum"] == 0.1
    assert [note for note in traced.notes if "bn averages its statistics over all batches" in note]
    module = Around(lambda m, x: m.again(x), again=nn.Conv2d(6, 6, 3, padding=1))
    module.again.weight = module.conv.weight  # type: ignore[union-attr, assignment]
    with pytest.raises(
        NetworkError, match=r"takes its tensors from several modules \(conv.weight, again.bias\)"
    ):
        trace(module, SIZE)
    module.again = module.conv
    tied = trace(module, SIZE)
    assert tied.left_out == ()
    assert tied.notes == (
        "again.weight is the same tensor as conv.weight, under which it stands.",
        "again.bias is the same tensor as conv.bias, under which it stands.",
    )


def test_the_module_is_left_alone() -> None:
    module = Around(
        lambda m, x: m.part(x), part=nn.Sequential(nn.Dropout(0.5), nn.ReLU(inplace=True))
    ).train()
    module.conv.weight.requires_grad_(False)
    module.conv.bias.requires_grad_(False)  # type: ignore[union-attr]
    before = {key: value.clone() for key, value in module.state_dict().items()}
    attributes = {name: set(vars(part)) for name, part in module.named_modules()}
    state = torch.get_rng_state()
    traced = trace(module, SIZE)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(part.training for part in module.modules())
    assert {name: set(vars(part)) for name, part in module.named_modules()} == attributes
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert not traced.document.layer_at("conv").trainable, "a frozen module is a frozen layer"
    assert traced.weights is not None
    assert traced.weights["conv.weight"].data_ptr() == module.conv.weight.data_ptr()


LARGE = ("densenet", "101", "152")


@pytest.mark.parametrize(
    "starter",
    [
        pytest.param(s, id=s.name, marks=[pytest.mark.slow] if any(word in s.name for word in LARGE) else [])
        for s in STARTERS
    ],
)
def test_starters_are_read_back(starter: Any) -> None:
    document = starter.build()
    entry = document.layer_at("input").params
    size = (entry["channels"], entry["height"], entry["width"])
    again = trace(lower(document, device="meta"), size).document
    assert _content(again) == _content(document)


MERGES = {"add", "concat", "multiply", "subtract", "maximum"}
OTHER_FORM = {
    "adaptive_avg_pool2d": "global_avg_pool", "adaptive_max_pool2d": "global_max_pool", "reshape": "flatten",
}  # fmt: skip


@pytest.mark.parametrize("type_id", [spec.id for spec in all_specs() if spec.id != "input"])
def test_every_layer_type_is_read_back(type_id: str) -> None:
    before = [("flatten", "flatten", {})] if type_id == "linear" else []
    channels = 6 if type_id == "connection_conv2d" else 8  # as its table asks
    document = chain((8, 12, 12), ("conv", "conv2d", {"out_channels": channels}), *before)
    last = before[0][0] if before else "conv"
    layer = join(document, "here", type_id, [last] * (2 if type_id in MERGES else 1))
    document.change_info(output=layer.id)
    shape = _shape(document, layer.id)
    if len(shape) > 1:
        document.change_info(output=join(document, "end", "flatten", ["here"]).id)
    again = trace(lower(document), (8, 12, 12)).document
    found = again.layer_at("here")
    assert found.type == OTHER_FORM.get(type_id, type_id)
    if found.type == type_id:
        assert found.params == layer.params
    assert _shape(again, found.id) == shape


def _shape(document: NetworkDocument, layer_id: int) -> tuple[int, ...]:
    shape = infer_shapes(document).states[layer_id].shape
    assert shape is not None
    return shape


def _content(document: NetworkDocument) -> list[Any]:
    record = to_record(document)
    paths = {layer["id"]: layer["path"] for layer in record["layers"]}
    links = sorted((paths[link["source"]], paths[link["target"]], link["port"]) for link in record["links"])
    return [sorted((layer["path"], layer["type"], str(layer["params"])) for layer in record["layers"]), links]
