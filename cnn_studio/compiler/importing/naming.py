"""Paths for layers: the names that the module's own parts have, as far as a document allows it.

A layer with tensors has the path that its state-dict keys begin with. Every other one has the path of the module it
is, or, as one of several calls in a module, the module's path with a word for what it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from cnn_studio.compiler.importing.draft import Draft
from cnn_studio.compiler.importing.recording import Frame
from cnn_studio.core.errors import GraphError, NetworkError
from cnn_studio.graph.paths import check_path, free_path, prefixes

_WORDS = {
    "max_pool2d": "maxpool", "avg_pool2d": "avgpool", "sum_pool2d": "sumpool", "lp_pool2d": "lppool",
    "adaptive_avg_pool2d": "avgpool", "adaptive_max_pool2d": "maxpool", "global_avg_pool": "avgpool",
    "global_max_pool": "maxpool", "spatial_mean": "mean", "concat": "cat", "multiply": "mul", "subtract": "sub",
    "channel_shuffle": "shuffle", "channel_slice": "slice", "pad2d": "pad", "crop2d": "crop",
    "scale_shift": "scale", "local_response_norm": "lrn", "instance_norm": "norm", "layer_norm": "norm",
    "stochastic_depth": "drop_path",
}  # fmt: skip


class Names:
    """Gives paths that neither repeat nor lie inside one another."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._blocks: set[str] = set()

    def __contains__(self, path: object) -> bool:
        """Return whether no layer can have this path any more."""
        if not isinstance(path, str):
            return False
        return path in self._taken or path in self._blocks or not self._taken.isdisjoint(prefixes(path))

    def take(self, path: str) -> str:
        """Give out a path.

        Raises:
            NetworkError: it is no legal path, or collides with another.
        """
        try:
            check_path(path)
        except GraphError as error:
            raise NetworkError(f"The module cannot be opened under its own names: {error}") from None
        if path in self:
            raise NetworkError(
                f"{path} has tensors of its own and parts with tensors too; in a document a name is either a layer or "
                "a block of layers. Give those tensors a module of their own."
            )
        self._taken.add(path)
        self._blocks.update(prefixes(path))
        return path

    def take_free(self, path: str) -> str:
        """Give out a path, or one near it that is free: beside the layer it would lie in, or numbered."""
        for block in prefixes(path):
            if block in self._taken:
                return self.take_free(_beside(block, path[len(block) + 1 :].replace(".", "_")))
        return self.take(free_path(path, self))


def find_paths(drafts: Sequence[Draft]) -> dict[Draft, str]:
    """Return the path of every draft.

    Raises:
        NetworkError: a name of the module is none for a layer.
    """
    names = Names()
    found: dict[Draft, str] = {}
    owners: dict[str, Draft] = {}
    for draft in drafts:
        if draft.tensors:
            path = own_path(draft)
            if path not in owners:
                owners[path] = draft
                found[draft] = names.take(path)
    crowd = Counter(frame for draft in drafts for frame in draft.frame.around())
    for draft in drafts:
        if draft not in found:
            found[draft] = names.take_free(_wanted(draft, crowd))
    return found


def own_path(draft: Draft) -> str:
    """Return the path that a layer's state-dict keys begin with."""
    name, key = next(iter(draft.tensors.items()))
    return key.removesuffix(name).removesuffix(".") if name else key


def _wanted(draft: Draft, crowd: Counter[Frame]) -> str:
    if draft.tensors:
        return own_path(draft)
    word = _WORDS.get(draft.type, draft.type)
    if draft.frame.path and crowd[draft.frame] == 1:
        return draft.frame.path
    return _join(draft.frame.path, word)


def _join(block: str, name: str) -> str:
    return f"{block}.{name}" if block else name


def _beside(layer: str, part: str) -> str:
    """Return a path for a part of a module that is a layer itself: ``bn1`` and ``act`` give ``bn1_act``."""
    block, _, name = layer.rpartition(".")
    if part[:1].isdigit():
        part = f"part{part}"
    return _join(block, f"{part}_{name}" if name.isdigit() else f"{name}_{part}")


def common_blocks(keys: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the outermost names under which all `keys` lie and none of `others`, in order."""
    inside = {block for key in others for block in (*prefixes(key), key)}
    found: dict[str, None] = {}
    for key in keys:
        found[next((block for block in prefixes(key) if block not in inside), key)] = None
    return list(found)
