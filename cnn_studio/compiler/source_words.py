"""What all writers of layers share: the code of one layer, and how its arguments are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnn_studio.graph.spec import Params, Shape

Writer = Callable[[Params, tuple[Shape, ...]], "LayerCode"]
"""(parameters, input shapes) -> code."""


def call_module(module: str, arguments: Sequence[str]) -> str:
    """Return the call of a module on its inputs."""
    return f"{module}({', '.join(arguments)})"


@dataclass(frozen=True, slots=True)
class LayerCode:
    """The code of one layer.

    Attributes:
        module: expression that makes its module (or the parameter that it is), or nothing where the layer is an
            expression alone.
        call: the expression of its result, from the module's name and the names of its inputs.
        helper: name of the class in `HELPERS` that `module` uses, or nothing.
        note: a few words about what cannot be seen in the code.
    """

    module: str = ""
    call: Callable[[str, Sequence[str]], str] = call_module
    helper: str = ""
    note: str = ""


def number(value: object) -> str:
    """Return a number, or a pair as one number where both are equal."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        return repr(value[0])
    return repr(value)


def arguments(*plain: object, **named: tuple[object, object]) -> str:
    """Return an argument list: `plain` as they are, `named` as (value, default) where they differ."""
    shown = [number(value) for value in plain]
    shown += [f"{key}={number(value)}" for key, (value, default) in named.items() if value != default]
    return ", ".join(shown)


ALWAYS = object()
"""A default that nothing equals."""


class Quoted(str):
    """A word that is written in double quotes."""

    def __repr__(self) -> str:
        return f'"{self}"'


def with_activation(params: Params) -> Callable[[str, Sequence[str]], str]:
    """Return how a layer is called that carries its activation with it."""
    activation = params["activation"]
    if activation == "none":
        return call_module
    return lambda module, arguments: f"torch.{activation}({call_module(module, arguments)})"


def plain(code: str) -> Writer:
    """Return the writer of a layer type whose code is always the same."""
    return lambda params, inputs: LayerCode(code)


def expression(write: Callable[[Params, Sequence[str]], str]) -> Writer:
    """Return the writer of a layer type without a module: (parameters, names of its inputs) -> expression."""
    return lambda params, inputs: LayerCode(call=lambda module, arguments: write(params, arguments))
