"""Random edits with undo and redo: nothing is lost, nothing is left over, live shapes equal fresh ones."""

from __future__ import annotations

import pytest

from cnn_studio.graph.commands import RemoveLink
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from tests.helpers.machine import Editing, explore


def test_random_edits() -> None:
    explore(Editing, 30, 25)


@pytest.mark.slow
def test_ten_thousand_random_edits() -> None:
    before = Editing.carried_out
    explore(Editing, 400, 60)
    print(f"{Editing.carried_out - before:,} commands")
    assert Editing.carried_out - before >= 10_000


def test_a_link_and_its_place_come_back() -> None:
    """The order of a layer's outputs is part of the document: undo restores it."""
    document = NetworkDocument()
    for layer_id, path in enumerate(("a", "b", "c", "d"), 1):
        document.put_layer(Layer(layer_id, path, "relu"))
    for target in (2, 3, 4):
        document.put_link(Link(1, target))
    inverse = RemoveLink(source=1, target=3).apply(document)
    assert [link.target for link in document.outputs_of(1)] == [2, 4]
    inverse.apply(document)
    assert [link.target for link in document.outputs_of(1)] == [2, 3, 4]
