"""What is written down of a run: activations, weights and the calls that join them. See `recorder`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """An activation; `shape` is without the batch, `dtype` is not float32 after a cast or a comparison."""

    number: int
    shape: Shape
    dtype: torch.dtype = torch.float32


@dataclass(frozen=True, slots=True)
class Weight:
    """A parameter or buffer of the module, as it is or viewed in another shape.

    Attributes:
        key: its state-dict key.
        shape: as the call sees it.
        stored: as the state dict has it.
    """

    key: str
    shape: Shape
    stored: Shape


@dataclass(frozen=True, slots=True)
class Constant:
    """Any other tensor; `origin` says in words where it comes from."""

    origin: str


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One call of a module; `path` is the module's, empty for the outermost."""

    path: str
    parent: Frame | None

    def around(self) -> Iterator[Frame]:
        """Yield this frame and those it runs in, outwards."""
        here: Frame | None = self
        while here is not None:
            yield here
            here = here.parent


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One function or leaf module called on activations.

    Attributes:
        op: short name without dunders and the underscore of in-place variants, such as ``add``.
        function: full name for messages, such as ``torch.einsum``.
        args, kwargs: as called; tensors are `Value`, `Weight` or `Constant`.
        outputs: the activations it gave, in order.
        frame: the call of the module it happened in; of a leaf, the leaf's own.
        module: the leaf module, None for functions.
    """

    op: str
    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[Value, ...]
    frame: Frame
    module: nn.Module | None = None

    @property
    def where(self) -> str:
        """The module's path in words."""
        return self.frame.path or "The network itself"


@dataclass(frozen=True, slots=True)
class Recording:
    """What one run of a module did.

    Attributes:
        calls: in the order of the run.
        image: the input.
        result: what the module returned.
        tensors: shapes of the state dict by key.
        trained: whether each parameter requires gradients, by key.
    """

    calls: list[Call]
    image: Value
    result: Value
    tensors: dict[str, Shape]
    trained: dict[str, bool]


def values_in(item: Any) -> Iterator[Value]:
    """Yield the activations among a call's arguments."""
    if isinstance(item, Value):
        yield item
    elif isinstance(item, tuple | list):
        for entry in item:
            yield from values_in(entry)
    elif isinstance(item, dict):
        yield from values_in(list(item.values()))
