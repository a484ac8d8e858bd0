"""Edits that freeze and unfreeze parts of a network: quick picks, and globs for recipes and the command line.

Each is one command for the undo stack, and holds only what changes. What is frozen is told by
`cnn_studio.graph.freeze_tree`.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.commands import Macro, SetTraining
from cnn_studio.graph.cutting import find_classifier
from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.freeze_tree import FreezeFacts, sharing
from cnn_studio.graph.paths import prefixes
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Family

_MOST_NAMED = 3
_SPECIAL = str.maketrans("", "", "*?[]!")


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the network that is frozen as a whole.

    Attributes:
        path: of the block, or of the layer that it begins with.
        ids: its layers with parameters or buffers.
    """

    path: str
    ids: tuple[int, ...]


def set_trains(report: ShapeReport, ids: Collection[int], trains: bool) -> Macro:
    """Freeze layers or let them train, with those that share their weights.

    Layers that have nothing to freeze are not marked, but lose a mark that they have.
    """
    chosen = sharing(report.document, ids)
    if trains:
        return _marks(report.document, chosen, (), "unfreeze")
    return _marks(report.document, (), chosen & set(FreezeFacts(report).layers), "freeze")


def set_rate(document: NetworkDocument, ids: Collection[int], lr_factor: float) -> Macro:
    """Let layers, with those that share their weights, learn at a factor of the run's rate.

    Raises:
        pydantic.ValidationError: the factor is not above 0, or too large.
    """
    changed = (i for i in sharing(document, ids) if document.layer(i).lr_factor != lr_factor)
    command = SetTraining(ids=tuple(sorted(changed)), lr_factor=lr_factor)
    return Macro(text="change the rate factor", commands=(command,) if command.ids else ())


def set_statistics(document: NetworkDocument, ids: Collection[int], keep: bool) -> Macro:
    """Let the batch norms among some layers keep their running statistics while they train, or adapt them."""
    norms = (i for i in sharing(document, ids) if document.layer(i).type == "batch_norm")
    changed = tuple(sorted(i for i in norms if document.layer(i).keep_statistics != keep))
    commands = (SetTraining(ids=changed, keep_statistics=keep),) if changed else ()
    return Macro(text="keep statistics" if keep else "adapt statistics", commands=commands)


# ----------------------------------------------------------------------------------------------------- quick picks


def all_but_head(report: ShapeReport, head: Iterable[int] = ()) -> Macro:
    """Freeze everything but the head.

    Args:
        report: shapes of the network.
        head: ids of the layers that train; the classifier if there are none.

    Raises:
        GraphError: there are none, and no classifier.
    """
    return _only(report, tuple(head) or (find_classifier(report),), "freeze all but the head")


def nothing_frozen(report: ShapeReport) -> Macro:
    """Let all layers train."""
    return _only(report, FreezeFacts(report).layers, "unfreeze all layers")


def first_n(report: ShapeReport, n: int) -> Macro:
    """Freeze the first `n` convolutions and fully connected layers in execution order, and nothing else.

    A norm or a trained activation goes with the layer that it follows.
    """
    facts = FreezeFacts(report)
    rest = [i for i in facts.layers if n <= 0 or facts.ranks[i] > n]
    return _only(report, rest, f"freeze the first {n} layers" if n != 1 else "freeze the first layer")


def stages(report: ShapeReport) -> tuple[Stage, ...]:
    """Return the parts of a network in execution order: its top-level blocks and the layers between them.

    Where one block alone holds more than one convolution, as ``features`` does, its parts stand in its place. A layer
    that is in no block begins a part of its own if it is a convolution or fully connected; others belong to the part
    before them.
    """
    facts, document = FreezeFacts(report), report.document
    paths = {i: document.layer(i).path for i in facts.layers}
    split = _blocks_of_stages([paths[i] for i in facts.counted if _is_convolution(document.layer(i))])
    found: dict[str, list[int]] = {}
    last = ""
    for layer_id, path in paths.items():
        stage = _unit(path, split)
        is_loose = stage == path and layer_id not in facts.counted
        if not is_loose or not last:
            last = stage
        found.setdefault(last, []).append(layer_id)
    return tuple(Stage(path, tuple(ids)) for path, ids in found.items())


def _is_convolution(layer: Layer) -> bool:
    return layer.spec is not None and layer.spec.family is Family.CONVOLUTION


def by_stage(report: ShapeReport, path: str) -> Macro:
    """Freeze all stages before the one of that path, and nothing else.

    Raises:
        GraphError: there is no such stage.
    """
    parts = stages(report)
    names = [stage.path for stage in parts]
    if path not in names:
        raise GraphError(f"There is no stage {path!r} in this network. Its stages are {', '.join(names)}.")
    rest = [i for stage in parts[names.index(path) :] for i in stage.ids]
    return _only(report, rest, f"freeze all before {path}")


def batch_norms_too(report: ShapeReport) -> Macro:
    """Freeze all batch norms besides what is frozen already."""
    norms = _batch_norms(report)
    return set_trains(report, norms, False).model_copy(update={"text": "freeze batch norms"})


def keep_all_statistics(report: ShapeReport, keep: bool = True) -> Macro:
    """Let all batch norms keep their running statistics, also those that train, or adapt them again."""
    return set_statistics(report.document, _batch_norms(report), keep)


def _batch_norms(report: ShapeReport) -> list[int]:
    layers = report.document.layers
    return [layer_id for layer_id, layer in layers.items() if layer.type == "batch_norm"]


def _only(report: ShapeReport, trained: Iterable[int], text: str) -> Macro:
    """Return the command after which these layers train, with those that share weights, and all others are frozen."""
    rest = set(FreezeFacts(report).layers) - sharing(report.document, set(trained))
    return _marks(report.document, report.document.layers.keys() - rest, rest, text)


def _marks(document: NetworkDocument, free: Collection[int], freeze: Collection[int], text: str) -> Macro:
    """Return the command that takes the mark from some layers and puts it on others, where that changes anything."""
    layers = document.layers
    both = (
        (True, tuple(sorted(i for i in free if not layers[i].trainable))),
        (False, tuple(sorted(i for i in freeze if layers[i].trainable))),
    )
    return Macro(text=text, commands=tuple(SetTraining(ids=ids, trainable=on) for on, ids in both if ids))


def _blocks_of_stages(paths: Sequence[str]) -> list[str]:
    """Return the blocks whose parts are stages, from outside in, by the paths of all convolutions."""
    split, block = list[str](), ""
    while True:
        start = f"{block}." if block else ""
        names = (path.removeprefix(start).partition(".") for path in paths if path.startswith(start))
        inside = Counter(name for name, dot, _ in names if dot)
        large = [name for name, count in inside.items() if count > 1]
        if len(large) != 1:
            return split
        block = start + large[0]
        split.append(block)


def _unit(path: str, split: Collection[str]) -> str:
    """Return the outermost block of a path that is not split, or the path itself."""
    return next((block for block in prefixes(path) if block not in split), path)


# ----------------------------------------------------------------------------------------------------------- globs


def apply_globs(document: NetworkDocument, freeze: Sequence[str] = (), unfreeze: Sequence[str] = ()) -> Macro:
    """Return the command that freezes what some globs name, and then unfreezes what others name.

    A glob is matched against paths as in a shell, and ``*`` stands for dots too: ``features.0``, ``layer[12]``,
    ``*.bn*``. One that names a block covers everything in it. Layers that no glob names stay as they are; those that
    share weights go together.

    Raises:
        GraphError: a glob names nothing; names near paths.
    """
    kept = sharing(document, _matched(document, unfreeze))
    frozen = sharing(document, _matched(document, freeze)) - kept
    holds = [i for i in frozen if (spec := document.layer(i).spec) is not None and spec.may_hold_state]
    return _marks(document, kept, holds, "freeze layers" if freeze else "unfreeze layers")


def _matched(document: NetworkDocument, globs: Sequence[str]) -> set[int]:
    found: set[int] = set()
    for glob in globs:
        ids = {
            layer_id
            for path, layer_id in document.paths.items()
            if any(fnmatchcase(part, glob) for part in (*prefixes(path), path))
        }
        if not ids:
            raise GraphError(_no_match(document, glob))
        found |= ids
    return found


def _no_match(document: NetworkDocument, glob: str) -> str:
    names = dict.fromkeys(part for path in document.paths for part in (*prefixes(path), path))
    plain = glob.translate(_SPECIAL).strip(".")
    near = difflib.get_close_matches(plain, names, n=_MOST_NAMED, cutoff=0.5)
    hint = f"Near it there are {', '.join(near)}." if near else "The names are those on the canvas."
    return f"{glob!r} names no layer or block of this network. {hint}"
