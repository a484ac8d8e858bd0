"""Several calls that are one layer: padding before a window, a channel shuffle in three steps, and the like.

Each pattern rewrites drafts in place. A draft that another layer reads too is never folded away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cnn_studio.compiler.importing.draft import Draft, consumers, in_use

_FILLS = {"constant": "zeros", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
_CHANNELS_LAST, _CHANNELS_FIRST = (1, 2, 0), (2, 0, 1)


def apply_patterns(drafts: Iterable[Draft], result: Draft) -> list[Draft]:
    """Rewrite drafts and return those still in use, in their order."""
    order = in_use(drafts, result)
    for pattern in _PATTERNS:
        readers = consumers(order)
        for draft in order:
            pattern(draft, readers)
        order = in_use(order, result)
    return order


def _before(draft: Draft, type_id: str, readers: dict[Draft, list[Draft]]) -> Draft | None:
    """Return the draft of a type right before, if nobody else reads it."""
    if len(draft.inputs) != 1:
        return None
    source = draft.inputs[0]
    return source if source.type == type_id and len(readers[source]) == 1 else None


def _skip(draft: Draft, past: Draft, readers: dict[Draft, list[Draft]]) -> None:
    """Let a draft read what the one right before it reads."""
    draft.inputs = list(past.inputs)
    for source in past.inputs:
        readers[source] = [draft if reader is past else reader for reader in readers[source]]


def _belongs(part: Draft, whole: Draft) -> bool:
    """Return whether a call was made by the module of another, or by one around it: not by a module of its own."""
    return any(part.frame is frame for frame in whole.frame.around())


def _joined_reshapes(draft: Draft, readers: dict[Draft, list[Draft]]) -> None:
    """Two changes of shape that keep the order of values are one."""
    if draft.type not in {"reshape", "flatten"}:
        return
    first = _before(draft, "reshape", readers) or _before(draft, "flatten", readers)
    if first is not None:
        _skip(draft, first, readers)


def _padded_window(draft: Draft, readers: dict[Draft, list[Draft]]) -> None:
    """Padding by a call of its own before a convolution or a pool is that layer's padding."""
    pad = _before(draft, "pad2d", readers)
    if pad is None or not _belongs(pad, draft) or draft.params.get("padding") != (0, 0, 0, 0):
        return
    if draft.tensors and any(other is not draft and other.tensors == draft.tensors for other in readers):
        return  # layers that share weights keep equal settings
    value, mode, sides = pad.params["value"], pad.params["mode"], pad.params["padding"]
    if draft.type == "conv2d":
        fits = draft.params.get("padding_mode", "zeros") == "zeros" and (mode != "constant" or value == 0)
        changes = {"padding": sides, "padding_mode": _FILLS[mode]}
    elif draft.type in {"avg_pool2d", "sum_pool2d"}:
        fits = (
            mode == "constant"
            and value == 0
            and not draft.params["ceil_mode"]
            and _at_most_half(draft, sides)
        )
        fits = fits and draft.params.get("count_include_pad", True)
        changes = {"padding": sides}
    elif draft.type == "max_pool2d":
        fits = mode == "constant" and value == float("-inf") and _at_most_half(draft, sides)
        fits = fits and not draft.params["ceil_mode"]
        changes = {"padding": sides}
    else:
        return
    if fits:
        draft.params |= changes
        _skip(draft, pad, readers)


def _at_most_half(draft: Draft, sides: tuple[int, int, int, int]) -> bool:
    height, width = draft.params["kernel_size"]
    return bool(2 * max(sides[:2]) <= height and 2 * max(sides[2:]) <= width)


def _shuffled_channels(draft: Draft, readers: dict[Draft, list[Draft]]) -> None:
    """C = g · n channels seen as g × n, transposed and joined again are a channel shuffle."""
    if draft.type != "reshape" or len(draft.shape) != 3:
        return
    turned = _before(draft, "permute", readers)
    divided = turned and _before(turned, "reshape", readers)
    if turned is None or divided is None or turned.params["order"] != (1, 0, 2, 3):
        return
    groups, depth, *size = divided.shape
    if divided.inputs[0].shape != draft.shape or [groups * depth, *size] != list(draft.shape):
        return
    draft.type, draft.params = "channel_shuffle", {"groups": groups}
    _skip(turned, divided, readers)
    _skip(draft, turned, readers)


def _norm_over_channels(draft: Draft, readers: dict[Draft, list[Draft]]) -> None:
    """Layer norm between two permutations of the same module normalises over channels."""
    if draft.type != "permute" or draft.params["order"] != _CHANNELS_FIRST:
        return
    norm = _before(draft, "layer_norm", readers)
    turned = norm and _before(norm, "permute", readers)
    if norm is None or turned is None or turned.params["order"] != _CHANNELS_LAST:
        return
    if norm.params["over"] != "last" or not (_belongs(draft, norm) and _belongs(turned, norm)):
        return
    draft.type, draft.params, draft.tensors = norm.type, norm.params | {"over": "channels"}, norm.tensors
    draft.function = norm.function
    _skip(norm, turned, readers)
    _skip(draft, norm, readers)


def _joined_scales(draft: Draft, readers: dict[Draft, list[Draft]]) -> None:
    """Two scalings by fixed numbers in one module are one."""
    first = _before(draft, "scale_shift", readers) if draft.type == "scale_shift" else None
    if first is None or first.frame is not draft.frame:
        return
    scale = draft.params["scale"]
    shift = scale * first.params["shift"] + draft.params["shift"]
    draft.params = {"scale": scale * first.params["scale"], "shift": shift}
    _skip(draft, first, readers)


_PATTERNS: tuple[Callable[[Draft, dict[Draft, list[Draft]]], None], ...] = (
    _norm_over_channels,
    _shuffled_channels,
    _joined_reshapes,
    _padded_window,
    _joined_scales,
)
