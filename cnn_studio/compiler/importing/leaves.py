"""Rules for modules that are read as a whole: what acts in training only, and our own that are no single function.

Everything else is recorded from the inside, so that subclasses and foreign modules need no rule of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from cnn_studio.compiler import modules as own
from cnn_studio.compiler.importing.draft import Draft, Reader

LeafRule = Callable[[Reader, Any], Draft]


def _dropout(ctx: Reader, module: Any) -> Draft:
    value = ctx.call.args[0]
    return ctx.layer("dropout", [value], p=module.p) if module.p else ctx.source(value)


def _dropout2d(ctx: Reader, module: Any) -> Draft:
    value = ctx.call.args[0]
    return ctx.layer("dropout2d", [value], p=module.p) if module.p else ctx.source(value)


def _other_dropout(ctx: Reader, module: Any) -> Draft:
    if module.p:
        ctx.refuse(f"drops with p = {module.p:g} in a way that no layer has; set it to 0 or use nn.Dropout")
    return ctx.source(ctx.call.args[0])


def _stochastic_depth(ctx: Reader, module: Any) -> Draft:
    value = ctx.call.args[0]
    if not module.p:
        return ctx.source(value)
    return ctx.layer("stochastic_depth", [value], p=module.p, mode=module.mode)


def _drop_path(ctx: Reader, module: Any) -> Draft:
    value, p = ctx.call.args[0], module.drop_prob
    if not p:
        return ctx.source(value)
    if not getattr(module, "scale_by_keep", True):
        ctx.refuse("drops branches without scaling the others up; set scale_by_keep")
    return ctx.layer("stochastic_depth", [value], p=p, mode="row")


def _identity(ctx: Reader, module: Any) -> Draft:
    value = ctx.call.args[0]
    return ctx.layer("identity", [value]) if ctx.keep_identity else ctx.source(value)


def _by_attributes(type_id: str, *names: str) -> LeafRule:
    """Return the rule of a module of our own whose attributes are the layer's parameters."""

    def rule(ctx: Reader, module: Any) -> Draft:
        return ctx.layer(type_id, [ctx.call.args[0]], **{name: getattr(module, name) for name in names})

    return rule


def _merge(type_id: str) -> LeafRule:
    """Return the rule of a module of our own that joins any number of tensors."""
    return lambda ctx, module: ctx.layer(type_id, ctx.call.args)


def _window_pool(ctx: Reader, module: own.WindowPool2d) -> Draft:
    left, right, top, bottom = module.sides
    params: dict[str, Any] = {
        "kernel_size": module.kernel,
        "stride": module.stride,
        "padding": (top, bottom, left, right),
        "ceil_mode": any(module.extra),
    }
    if module.kind == "max":
        params["dilation"] = module.dilation
    if module.kind == "avg":
        params["count_include_pad"] = module.count_include_pad
    return ctx.layer(f"{module.kind}_pool2d", [ctx.call.args[0]], **params)


def _subsampling(ctx: Reader, module: own.Subsampling) -> Draft:
    return ctx.layer(
        "subsampling",
        [ctx.call.args[0]],
        _own_keys(ctx, module),
        kernel_size=module.kernel,
        stride=module.stride,
        activation=module.activation,
    )


def _connection_conv2d(ctx: Reader, module: own.ConnectionConv2d) -> Draft:
    left, right, top, bottom = module.sides
    return ctx.layer(
        "connection_conv2d",
        [ctx.call.args[0]],
        _own_keys(ctx, module),
        table=module.table,
        kernel_size=module.kernel,
        stride=module.stride,
        padding=(top, bottom, left, right),
        bias=module.bias is not None,
    )


def _lp_pool2d(ctx: Reader, module: own.LpPool2d) -> Draft:
    return ctx.layer(
        "lp_pool2d",
        [ctx.call.args[0]],
        norm=module.power,
        kernel_size=module.kernel,
        stride=module.stride,
        ceil_mode=module.ceil_mode,
    )


def _dense(ctx: Reader, module: own.Dense) -> Draft:
    return ctx.layer(
        "linear",
        [ctx.call.args[0]],
        _own_keys(ctx, module),
        out_features=module.out_features,
        bias=module.bias is not None,
        activation=module.activation,
    )


def _own_keys(ctx: Reader, module: nn.Module) -> dict[str, str]:
    return {name: f"{ctx.call.frame.path}.{name}" for name in module.state_dict()}


_BY_TYPE: dict[type[nn.Module], LeafRule] = {
    nn.Dropout: _dropout,
    nn.Dropout2d: _dropout2d,
    nn.Dropout1d: _other_dropout,
    nn.Dropout3d: _other_dropout,
    nn.AlphaDropout: _other_dropout,
    nn.FeatureAlphaDropout: _other_dropout,
    nn.Identity: _identity,
    own.SeededDropout: _by_attributes("dropout", "p"),
    own.SeededDropout2d: _by_attributes("dropout2d", "p"),
    own.StochasticDepth: _by_attributes("stochastic_depth", "p", "mode"),
    own.ScaleShift: _by_attributes("scale_shift", "scale", "shift"),
    own.ScaledTanh: _by_attributes("scaled_tanh", "amplitude", "slope"),
    own.WindowPool2d: _window_pool,
    own.Subsampling: _subsampling,
    own.Dense: _dense,
    own.ConnectionConv2d: _connection_conv2d,
    own.LpPool2d: _lp_pool2d,
    own.Add: _merge("add"),
    own.Multiply: _merge("multiply"),
    own.Maximum: _merge("maximum"),
}

# Known by name and attributes, because their libraries are slow to import and copies of them are common.
_BY_NAME: dict[tuple[str, str], LeafRule] = {
    ("StochasticDepth", "mode"): _stochastic_depth,
    ("DropPath", "drop_prob"): _drop_path,
}


def find_leaf_rule(module: nn.Module) -> LeafRule | None:
    """Return the rule of a module that is read as a whole, or None."""
    found = _BY_TYPE.get(type(module))
    if found is not None:
        return found
    return next(
        (
            rule
            for (name, attribute), rule in _BY_NAME.items()
            if type(module).__name__ == name and hasattr(module, attribute)
        ),
        None,
    )


def is_leaf(module: nn.Module) -> bool:
    """Return whether a module is read as a whole."""
    return find_leaf_rule(module) is not None
