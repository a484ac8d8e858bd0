"""PyTorch module -> document with the same names: the other direction of `lower`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import fx, nn

from cnn_studio.compiler.importing import functions_layers, functions_shapes, functions_values
from cnn_studio.compiler.importing.draft import Draft, Reader
from cnn_studio.compiler.importing.leaves import find_leaf_rule, is_leaf
from cnn_studio.compiler.importing.naming import common_blocks, find_paths, own_path
from cnn_studio.compiler.importing.patterns import apply_patterns
from cnn_studio.compiler.importing.recorder import differing_in_training, record
from cnn_studio.compiler.importing.recording import Call, Frame, Recording, Shape, values_in
from cnn_studio.core.errors import NetworkError, ParameterError
from cnn_studio.core.params import Value, parse_values
from cnn_studio.graph.checks import tie_problems
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.layout import arrange
from cnn_studio.graph.paths import prefixes
from cnn_studio.graph.registry import find_spec
from cnn_studio.graph.shapes import infer_shapes

_RULES: dict[str, Callable[..., Draft | tuple[Draft, ...]]] = {
    **functions_layers.RULES,
    **functions_values.RULES,
    **functions_shapes.RULES,
}

_MOMENTUM = 0.1  # PyTorch's own for batch norm
_STATISTICS = frozenset(("running_mean", "running_var", "num_batches_tracked"))
_MAX_NAME = 200  # characters, as files have it


@dataclass(frozen=True, slots=True)
class Traced:
    """A document made from a module.

    Attributes:
        document: the network; names, order of layers and tensors are the module's.
        weights: the module's tensors by state-dict key, as far as the document has them, not copied; None where the
            module has no memory.
        left_out: names of the module's parts and tensors that the document does not have.
        notes: what a person should know about what was left out or changed, one sentence each.
    """

    document: NetworkDocument
    weights: Mapping[str, torch.Tensor] | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def trace(module: nn.Module, input_shape: Shape = (3, 224, 224), *, name: str = "") -> Traced:
    """Read a document off a module that classifies images.

    The module is run on private copies without memory, in eval mode and then in training mode; it is neither changed
    nor trained. What training does (dropout, stochastic depth, statistics of batch norm) is kept; what else it does is
    no layer and gives a note. In-place variants are not kept: each layer gives a new tensor.

    Args:
        module: maps images [B, C, H, W] to scores [B, N].
        input_shape: (C, H, W) of the images.
        name: the network's name; that of the module's class if empty.

    Raises:
        NetworkError: something in the module is no layer: control flow that depends on values, a function without a
            layer, weights that are computed, several results. Says where, what, and what to do.
    """
    recording = record(module, tuple(input_shape), is_leaf)
    drafts, result = _translate(recording, isinstance(module, fx.GraphModule))
    drafts = apply_patterns(drafts, result)
    notes = _complete(drafts, module, recording)
    document = _assemble(drafts, result, recording)
    document.change_info(name=(name or type(module).__name__)[:_MAX_NAME])
    traced = _with_tensors(document, drafts, module, notes)
    differing = differing_in_training(module, tuple(input_shape), is_leaf, recording)
    return replace(traced, notes=(*traced.notes, *_training_notes(differing, traced.left_out, recording)))


def _translate(recording: Recording, keep_identity: bool) -> tuple[list[Draft], Draft]:
    """Return the drafts of the calls that the result depends on, and the draft that gives it."""
    channels, height, width = recording.image.shape
    size = {"channels": channels, "height": height, "width": width}
    image = Draft("input", size, [], recording.image.shape, Frame("", None))
    found = {recording.image.number: image}
    made = [image]
    for call in _needed(recording):
        given = _read(Reader(call, found, recording.tensors, made, keep_identity))
        drafts = given if isinstance(given, tuple) else (given,)
        found.update(zip((output.number for output in call.outputs), drafts, strict=True))
    return made, found[recording.result.number]


def _needed(recording: Recording) -> list[Call]:
    wanted = {recording.result.number}
    needed = []
    for call in reversed(recording.calls):
        if any(output.number in wanted for output in call.outputs):
            needed.append(call)
            wanted.update(value.number for value in values_in((call.args, call.kwargs)))
    return needed[::-1]


def _read(reader: Reader) -> Draft | tuple[Draft, ...]:
    call = reader.call
    if call.module is not None:
        leaf = find_leaf_rule(call.module)
        if leaf is not None:
            return leaf(reader, call.module)
    rule = _RULES.get(call.op)
    if rule is None:
        reader.refuse("is no layer and no combination of layers")
    try:
        inspect.signature(rule).bind(reader, *call.args, **_by_rule_names(call.kwargs))
    except TypeError:
        reader.refuse("is called with arguments that no layer has")
    given = rule(reader, *call.args, **_by_rule_names(call.kwargs))
    if isinstance(given, Draft) and len(call.outputs) > 1:
        reader.refuse("gives several results, but a layer has one")
    return given


def _by_rule_names(kwargs: Mapping[str, object]) -> dict[str, object]:
    """Methods call their tensor ``self``, functions ``input``; rules say ``input``."""
    return {"input" if key == "self" else key: value for key, value in kwargs.items()}


def _complete(drafts: list[Draft], module: nn.Module, recording: Recording) -> list[str]:
    """Read off the module what its calls do not show; return what a person should know about that."""
    state = module.state_dict()
    notes = []
    for draft in drafts:
        trained = _trained(draft, recording)
        if len(set(trained.values())) > 1:
            fixed = ", ".join(key for key, moves in trained.items() if not moves)
            notes.append(
                f"{fixed} is held fixed in the module; here a layer trains as a whole, and so does it."
            )
        if draft.type in {"layer_scale", "prelu"}:
            values = state[next(iter(draft.tensors.values()))]
            if not values.is_meta and bool((values == values.flatten()[0]).all()):
                # as written in the code: 1e-6, not the nearest number of single precision
                draft.params["init"] = float(f"{values.flatten()[0].item():.6g}")
        elif draft.type == "batch_norm":
            path = own_path(draft)
            if getattr(module.get_submodule(path), "momentum", 0) is None:
                draft.params["momentum"] = _MOMENTUM
                notes.append(
                    f"{path} averages its statistics over all batches; here they follow the last ones with momentum "
                    f"{_MOMENTUM:g}."
                )
    return notes


def _assemble(drafts: list[Draft], result: Draft, recording: Recording) -> NetworkDocument:
    """Return the document of finished drafts, checked against the record."""
    paths = find_paths(drafts)
    document = NetworkDocument()
    ids: dict[Draft, int] = {}
    owners: dict[str, int] = {}
    with document.editing():
        for draft in drafts:
            layer_id = ids[draft] = document.next_id
            tied = owners.setdefault(own_path(draft), layer_id) if draft.tensors else layer_id
            trained = _trained(draft, recording).values()
            layer = Layer(
                layer_id,
                paths[draft],
                draft.type,
                _params(draft),
                trainable=not trained or any(trained),
                tied_to=None if tied == layer_id else tied,
            )
            document.put_layer(layer)
            for port, source in enumerate(draft.inputs):
                document.put_link(Link(ids[source], layer_id, port))
        document.change_info(output=ids[result])
        for layer_id, (x, y) in arrange(document).items():
            document.change_layer(layer_id, x=x, y=y)
    _check(document, drafts, ids, recording)
    return document


def _trained(draft: Draft, recording: Recording) -> dict[str, bool]:
    """Return which of a layer's parameters move in training, by key; a buffer in the place of one does not."""
    return {
        key: recording.trained.get(key, False)
        for name, key in draft.tensors.items()
        if name not in _STATISTICS
    }


def _params(draft: Draft) -> dict[str, Value]:
    spec = find_spec(draft.type)
    if spec is None:
        raise NetworkError(f"{draft.where} cannot be opened: there is no layer type {draft.type!r}.")
    try:
        return parse_values(spec.params, draft.params, f"{draft.where} ({spec.title})")
    except ParameterError as error:
        raise NetworkError(f"{error} A network with that cannot be opened.") from None


def _check(
    document: NetworkDocument, drafts: list[Draft], ids: Mapping[Draft, int], recording: Recording
) -> None:
    """Compare every layer's shape and tensors with what the module had.

    Raises:
        NetworkError: a layer would give another shape, or have other tensors.
    """
    report = infer_shapes(document)
    for draft in drafts:
        layer, state = document.layer(ids[draft]), report.states[ids[draft]]
        if state.shape != draft.shape:
            why = state.findings[0].message if state.findings else f"it would give {state.shape}."
            raise NetworkError(
                f"{layer.path} ({draft.function}) gives {list(draft.shape)} in the module, which no layer here does: {why}"
            )
        spec = layer.spec
        if spec is None:
            continue
        for name, tensor in spec.tensors(layer.params, state.inputs).items():
            key = draft.tensors.get(name)
            if key is None and name == "num_batches_tracked":
                continue  # a counter that only some batch norms keep
            if key is None or recording.tensors[key] != tensor.shape:
                has = "none" if key is None else str(list(recording.tensors[key]))
                raise NetworkError(
                    f"{layer.path}: the layer {spec.title} has a tensor {name!r} of shape {list(tensor.shape)}, but the "
                    f"module has {has} there, so it cannot be opened."
                )
    for problem in tie_problems(document, {key: state.inputs for key, state in report.states.items()}):
        raise NetworkError(
            f"{problem.path} uses weights that another layer uses too, with other sizes or settings, which cannot be "
            "opened. Give each its own weights."
        )


def _training_notes(
    differing: Iterable[str], left_out: Collection[str], recording: Recording
) -> Iterator[str]:
    """Yield a sentence for each module that does something else in training, but for those that were left out."""
    called = {call.frame.path for call in recording.calls}
    for path in differing:
        if not any(part in left_out for part in (*prefixes(path), path)):
            does = (
                "does something else in training than in predictions"
                if path in called
                else "acts in training only"
            )
            yield f"{path or 'The network itself'} {does}; that was left out."


def _with_tensors(
    document: NetworkDocument, drafts: list[Draft], module: nn.Module, notes: list[str]
) -> Traced:
    """Return the result with the module's tensors and the names of those left out."""
    state = {
        key: value
        for key, value in module.state_dict(keep_vars=True).items()
        if isinstance(value, torch.Tensor)
    }
    used = {key for draft in drafts for key in draft.tensors.values()}
    names = {id(state[key]): key for key in used}
    aliases = [key for key, value in state.items() if key not in used and id(value) in names]
    notes += [
        f"{key} is the same tensor as {names[id(state[key])]}, under which it stands." for key in aliases
    ]
    left_out = common_blocks([key for key in state if key not in used and key not in aliases], used)
    notes += [f"{part} has no part in predictions and was left out, with its weights." for part in left_out]
    has_memory = not any(state[key].is_meta for key in used)
    weights = {key: state[key].detach() for key in state if key in used} if has_memory else None
    return Traced(document, weights, tuple(left_out), tuple(notes))
