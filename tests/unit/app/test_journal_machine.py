"""Ten thousand random edits: the journal of them, replayed, gives the same network with the same undo steps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis.stateful import invariant, rule

from cnn_studio.app.journal import entry_of, replay
from cnn_studio.core.commands import CommandStack
from cnn_studio.graph.document import NetworkDocument
from tests.helpers.machine import Editing, explore
from tests.helpers.networks import content


class Journaled(Editing):
    """Random edits of which every line is kept, as a file keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.stack.happened.connect(self._keep)

    def _keep(self, event: Any) -> None:
        self.lines.append(json.dumps(entry_of(event)))

    @rule()
    def crash(self) -> None:
        document = NetworkDocument()
        stack = CommandStack(document)
        assert replay(map(json.loads, self.lines), stack) == len(self.lines)
        assert content(document) == content(self.document)
        assert stack.undo_label == self.stack.undo_label
        assert stack.redo_label == self.stack.redo_label
        steps = 0
        while stack.undo_label is not None:
            stack.undo()
            steps += 1
        assert (content(document), steps) == (self.history[0], self.position)

    @invariant()
    def every_line_is_small_enough_to_write_at_once(self) -> None:
        assert all(len(line) < 1_000_000 for line in self.lines[-1:])


def test_random_edits_come_back() -> None:
    explore(Journaled, 10, 25)


@pytest.mark.slow
def test_ten_thousand_edits_come_back() -> None:
    before = Editing.carried_out
    explore(Journaled, 450, 55)
    print(f"{Editing.carried_out - before:,} commands")
    assert Editing.carried_out - before >= 10_000
