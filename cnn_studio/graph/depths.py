"""Where in a network something general is found: cuts at the ends of blocks, by depth. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_studio.graph.cutting import CutPoint

_NEAR = 0.15


def cut_at_depth(cuts: Sequence[CutPoint], depth: float) -> CutPoint | None:
    """Return the cut nearest to a depth from 0 (the image) to 1 (the classifier); ends of blocks are preferred.

    None where there are no cuts.
    """
    if not cuts:
        return None
    ends = last_of_blocks(cuts)
    found = min(ends, key=lambda cut: abs(cut.position - depth), default=None)
    if found is not None and abs(found.position - depth) <= _NEAR:
        return found
    # of layers at one depth the last: behind the activation and the pooling
    return min(reversed(cuts), key=lambda cut: abs(cut.position - depth))


def last_of_blocks(cuts: Sequence[CutPoint]) -> tuple[CutPoint, ...]:
    """Return of each block (layers whose paths differ in the last name only) the last cut, in the order of the network."""
    last: dict[str, CutPoint] = {}
    for cut in cuts:
        block, dot, _ = cut.path.rpartition(".")
        if dot:
            last[block] = cut
    return tuple(sorted(last.values(), key=lambda cut: cut.position))
