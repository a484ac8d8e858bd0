"""Which tensors of a weights file belong where in a network: by name, else by order and shape, with a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import torch

from cnn_studio.compiler.importing.naming import common_blocks
from cnn_studio.graph.shapes import ShapeReport

Shape = tuple[int, ...]

_COUNTER = "num_batches_tracked"  # counts batches; nothing is computed with it
_STATISTICS = ("running_mean", "running_var")
_WRAPPERS = frozenset(("module", "_orig_mod"))  # what data-parallel and compiled modules put into names
_MOST_NAMED = 6
_HEAD_TENSORS = 2  # the last layer's weight and bias, which other classes make another size
_ENOUGH = 0.5  # share of the network found by name below which the order is tried


class Misfit(NamedTuple):
    """A tensor that the file has under a name of the network, but in another shape."""

    name: str
    in_file: Shape
    in_network: Shape


@dataclass(frozen=True, slots=True)
class WeightMatch:
    """What of a file fits a network.

    Attributes:
        fitting: tensors by the network's names.
        misfits: tensors of another shape; they stay random.
        missing: names in the network that the file has nothing for; they stay random.
        unused: names in the file that have no place in the network.
        used: names in the file that have one.
        by: how they were found.
        num_expected: tensors that the network has.
        notes: what else to know about the file, as sentences.
    """

    fitting: Mapping[str, torch.Tensor] = field(repr=False)
    misfits: tuple[Misfit, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    used: frozenset[str] = field(repr=False)
    by: Literal["name", "order"]
    num_expected: int
    notes: tuple[str, ...] = ()

    @property
    def num_fitting(self) -> int:
        """Number of tensors that fit."""
        return sum(not _is_counter(key) for key in self.fitting)

    @property
    def num_params(self) -> int:
        """Number of parameters in the tensors that fit."""
        return sum(
            tensor.numel()
            for key, tensor in self.fitting.items()
            if not _is_counter(key) and not key.endswith(_STATISTICS)
        )

    @property
    def is_complete(self) -> bool:
        """Whether nothing in the network stays random."""
        return not self.misfits and not self.missing

    @property
    def random(self) -> tuple[str, ...]:
        """Names in the network that stay random."""
        return (*(misfit.name for misfit in self.misfits), *self.missing)

    def sentences(self) -> tuple[str, ...]:
        """Return the report: what fits, what does not, what stays random, what is not used."""
        how = " in order, under other names" if self.by == "order" else ""
        params = f"{self.num_params:,} parameters"
        if self.is_complete:
            said = [f"All {self.num_fitting} tensors of the network are in the file{how} ({params})."]
        elif not self.num_fitting:
            said = [f"None of the network's {self.num_expected} tensors is in the file."]
        else:
            said = [f"{self.num_fitting} of the network's {self.num_expected} tensors fit{how} ({params})."]
        if self.misfits:
            each = [
                f"{name} ({list(theirs)} in the file, {list(ours)} in the network)"
                for name, theirs, ours in self.misfits
            ]
            said.append(f"Of another shape, so random here: {_some(each)}.")
        if self.missing and self.num_fitting:
            said.append(f"Not in the file, so random here: {_blocks(self.missing, self.fitting)}.")
        if self.unused:
            said.append(f"Without a place in this network: {_blocks(self.unused, self.used)}.")
        return (*said, *self.notes)


def network_shapes(report: ShapeReport) -> dict[str, Shape]:
    """Return the tensors of a document by state-dict key, in execution order, as far as shapes are known."""
    found: dict[str, Shape] = {}
    for layer_id in report.order:
        layer, state = report.document.layer(layer_id), report.states[layer_id]
        if layer.spec is None or state.shape is None or layer.tied_to is not None:
            continue
        for name, tensor in layer.spec.tensors(layer.params, state.inputs).items():
            found[f"{layer.path}.{name}".rstrip(".")] = tensor.shape
    return found


def match(state: Mapping[str, torch.Tensor], shapes: Mapping[str, Shape]) -> WeightMatch:
    """Find the place of each tensor of a file in a network.

    Names are compared without what wrappers put into them, and without a beginning that all the file's names of the
    network share, such as ``backbone.``. Where few names agree, tensors are taken in order if all shapes agree, but
    for those of the last layer. Numbers become single precision.

    Args:
        state: the file's tensors by name.
        shapes: the network's tensors by name, in order.
    """
    names = _names(state, shapes)
    fits = [key for key in shapes if key in names and tuple(state[names[key]].shape) == shapes[key]]
    by: Literal["name", "order"] = "name"
    if _count(fits) < _ENOUGH * _count(shapes):
        ordered = _by_order(state, shapes)
        if ordered is not None:
            names, by = ordered, "order"
    fitting: dict[str, torch.Tensor] = {}
    misfits, missing = [], []
    for key, shape in shapes.items():
        if key not in names:
            missing.append(key)
        elif tuple(state[names[key]].shape) == shape:
            fitting[key] = _plain(state[names[key]])
        else:
            misfits.append(Misfit(key, tuple(state[names[key]].shape), shape))
    for key, shape in shapes.items():
        if _is_counter(key) and key not in fitting and f"{key.rpartition('.')[0]}.running_mean" in fitting:
            fitting[key] = torch.zeros(shape, dtype=torch.int64)  # files of older versions have none
    used = frozenset(names.values())
    return WeightMatch(
        fitting,
        tuple(misfit for misfit in misfits if not _is_counter(misfit.name)),
        tuple(key for key in missing if not _is_counter(key)),
        tuple(key for key in state if key not in used and not _is_counter(key)),
        used,
        by,
        _count(shapes),
        _warnings(fitting),
    )


def _names(state: Mapping[str, torch.Tensor], shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Return the file's names by the network's names, for those that agree."""
    own = {segment for key in shapes for segment in key.split(".")}
    wrappers = _WRAPPERS - own
    bare: dict[str, str] = {}
    for key in state:
        bare.setdefault(".".join(part for part in key.split(".") if part not in wrappers), key)
    beginnings = Counter({"": 0})
    for key in bare:
        parts = key.split(".")
        for at in range(len(parts)):
            if ".".join(parts[at:]) in shapes:
                beginnings[".".join((*parts[:at], ""))] += 1
    # of two as good ones the shorter, so that the names as they are come first
    best = min(beginnings, key=lambda beginning: (-beginnings[beginning], len(beginning)))
    return {key: bare[best + key] for key in shapes if best + key in bare}


def _by_order(state: Mapping[str, torch.Tensor], shapes: Mapping[str, Shape]) -> dict[str, str] | None:
    """Return the file's names by the network's names, one to one in order, or None if the shapes do not agree."""
    theirs, ours = list(state), list(shapes)
    if len(theirs) != len(ours):  # older files have no counters
        theirs = [key for key in state if not _is_counter(key)]
        ours = [key for key in shapes if not _is_counter(key)]
    if len(theirs) != len(ours) or len(ours) <= _HEAD_TENSORS:
        return None
    differ = [
        at
        for at, (their, our) in enumerate(zip(theirs, ours, strict=True))
        if tuple(state[their].shape) != shapes[our]
    ]
    first = len(ours) - _HEAD_TENSORS
    if any(at < first or len(state[theirs[at]].shape) != len(shapes[ours[at]]) for at in differ):
        return None
    return dict(zip(ours, theirs, strict=True))


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    """Half and double precision become single: that is what networks here are computed with."""
    return tensor.float() if tensor.is_floating_point() else tensor


def _warnings(fitting: Mapping[str, torch.Tensor]) -> tuple[str, ...]:
    broken = [key for key, tensor in fitting.items() if not bool(torch.isfinite(tensor).all())]
    if not broken:
        return ()
    return (
        f"Not all of its numbers are finite: {_blocks(broken, ())}. The network will predict nothing of use.",
    )


def _is_counter(key: str) -> bool:
    return key.rpartition(".")[2] == _COUNTER


def _count(keys: Iterable[str]) -> int:
    return sum(not _is_counter(key) for key in keys)


def _blocks(keys: Sequence[str], others: Iterable[str]) -> str:
    """Return names in words, those of a block under the block's name, where nothing of `others` lies in it."""
    blocks = common_blocks(keys, others)
    said = []
    for block in blocks:
        inside = sum(key == block or key.startswith(f"{block}.") for key in keys)
        said.append(f"{block} ({inside} tensors)" if inside > 1 else block)
    return _some(said)


def _some(items: Sequence[str]) -> str:
    left = len(items) - _MOST_NAMED
    return ", ".join(items[:_MOST_NAMED]) + (f" and {left:,} more" if left > 0 else "")
