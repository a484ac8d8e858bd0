"""Layers in the making: what the rules give and the patterns rewrite, before there are paths and a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from cnn_studio.compiler.importing.recording import Call, Constant, Frame, Shape, Value, Weight
from cnn_studio.core.errors import NetworkError


@dataclass(slots=True, eq=False)
class Draft:
    """One layer to be.

    Attributes:
        type: id of the layer type.
        params: parameter values; those left out take their defaults.
        inputs: the drafts it reads, by port.
        shape: of its result, without the batch.
        frame: the call of the module it belongs to.
        tensors: state-dict key by the name of the layer's tensor.
        function: what was called, for messages.
    """

    type: str
    params: dict[str, Any]
    inputs: list[Draft]
    shape: Shape
    frame: Frame
    tensors: dict[str, str] = field(default_factory=dict)
    function: str = ""

    @property
    def where(self) -> str:
        """The path of the module it belongs to, in words."""
        return self.frame.path or "The network itself"


@dataclass(slots=True)
class Reader:
    """What a rule works with: the call it reads, and the drafts of the values before it.

    Attributes:
        call: the call to translate.
        tensors: shapes of the module's state dict by key.
        made: all drafts in the order they were made; rules add to it through `layer`.
        keep_identity: whether a module that does nothing stays a layer.
    """

    call: Call
    drafts: Mapping[int, Draft]
    tensors: Mapping[str, Shape]
    made: list[Draft]
    keep_identity: bool = False

    @property
    def shape(self) -> Shape:
        """Shape of the first result, without the batch."""
        return self.call.outputs[0].shape

    def source(self, value: object) -> Draft:
        """Return the draft that gives an activation."""
        if not isinstance(value, Value):
            what = value.key if isinstance(value, Weight) else getattr(value, "origin", repr(value))
            self.refuse(f"works on {what}, not on what the layer before it gives")
        return self.drafts[value.number]

    def layer(
        self,
        type_id: str,
        inputs: Iterable[object],
        tensors: Mapping[str, str] | None = None,
        shape: Shape | None = None,
        /,
        **params: Any,
    ) -> Draft:
        """Return a new draft; `inputs` are values or drafts, the shape is that of the call's first result."""
        sources = [entry if isinstance(entry, Draft) else self.source(entry) for entry in inputs]
        size = self.shape if shape is None else shape
        made = Draft(type_id, params, sources, size, self.call.frame, dict(tensors or {}), self.call.function)
        self.made.append(made)
        return made

    def keys(self, **tensors: object) -> dict[str, str]:
        """Return state-dict keys by tensor name, after checking that each is a tensor as it is stored.

        None is left out.
        """
        found: dict[str, str] = {}
        for name, ref in tensors.items():
            if ref is None:
                continue
            if not isinstance(ref, Weight):
                origin = ref.origin if isinstance(ref, Constant) else "an activation"
                self.refuse(
                    f"takes its {name} from {origin}, but the weights of a layer are parameters of the module as they are"
                )
            if ref.shape != ref.stored:
                self.refuse(f"uses {ref.key} in another shape than it is stored in")
            if ref.key.rpartition(".")[2] != name:
                self.refuse(f"takes its {name} from {ref.key}; a layer's own name for it is {name}")
            found[name] = ref.key
        if len({key.rpartition(".")[0] for key in found.values()}) > 1:
            self.refuse(f"takes its tensors from several modules ({', '.join(found.values())})")
        return found

    def refuse(self, reason: str) -> NoReturn:
        """Say why the call is no layer.

        Raises:
            NetworkError: always.
        """
        raise NetworkError(
            f"{self.call.where} cannot be opened: {self.call.function} {reason}. Replace that part of the module by "
            "layers, or open a network without it."
        )


def consumers(drafts: Iterable[Draft]) -> dict[Draft, list[Draft]]:
    """Return the readers of each draft, one entry per input."""
    found: dict[Draft, list[Draft]] = {draft: [] for draft in drafts}
    for draft in list(found):
        for source in draft.inputs:
            found.setdefault(source, []).append(draft)
    return found


def in_use(drafts: Iterable[Draft], result: Draft) -> list[Draft]:
    """Return those of the drafts that a result depends on, itself included, in their order."""
    used = {result}
    waiting = [result]
    while waiting:
        for source in waiting.pop().inputs:
            if source not in used:
                used.add(source)
                waiting.append(source)
    return [draft for draft in drafts if draft in used]
