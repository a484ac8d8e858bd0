"""The command stack over the simplest target there is: a list of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cnn_studio.core.commands import CommandStack, StackEvent
from cnn_studio.core.errors import GraphError
from cnn_studio.core.randomness import derive_seed


@dataclass(frozen=True)
class Put:
    """Put a value at a place of the list; values with the same key merge."""

    place: int
    value: int
    key: str | None = None

    @property
    def label(self) -> str:
        return f"put {self.value}"

    def apply(self, target: list[int]) -> Put:
        if self.value < 0:
            raise GraphError("No negative numbers.")
        before, target[self.place] = target[self.place], self.value
        return Put(self.place, before, self.key)

    def merge_key(self) -> str | None:
        return None if self.key is None else f"{self.key} {self.place}"


class Stack(RuleBasedStateMachine):
    """The stack beside a model that keeps whole copies."""

    def __init__(self) -> None:
        super().__init__()
        self.target = [0, 0, 0]
        self.stack: CommandStack[list[int]] = CommandStack(self.target)
        self.states = [[0, 0, 0]]
        self.keys: list[str | None] = [None]
        self.at = 0
        self.clean: list[int] | None = self.states[0]
        self.open = False

    @rule(place=st.integers(0, 2), value=st.integers(0, 5), key=st.sampled_from([None, "drag", "type"]))
    def push(self, place: int, value: int, key: str | None) -> None:
        command = Put(place, value, key)
        merges = self.open and key is not None and self.keys[self.at] == command.merge_key()
        merges = merges and self.clean is not self.states[self.at] and self.at > 0
        self.stack.push(command)
        if any(self.clean is state for state in self.states[self.at + 1 :]):
            self.clean = None
        del self.states[self.at + 1 :], self.keys[self.at + 1 :]
        if not merges:
            self.at += 1
            self.states.append([])
            self.keys.append(None)
        self.states[self.at] = list(self.target)
        self.keys[self.at] = command.merge_key()
        self.open = True

    @rule(place=st.integers(0, 2))
    def refused(self, place: int) -> None:
        with pytest.raises(GraphError):
            self.stack.push(Put(place, -1))

    @rule()
    def undo(self) -> None:
        if self.at > 0:
            self.at -= 1
            self.open = False
        self.stack.undo()

    @rule()
    def redo(self) -> None:
        if self.at < len(self.states) - 1:
            self.at += 1
            self.open = False
        self.stack.redo()

    @rule()
    def seal(self) -> None:
        self.stack.seal()
        self.open = False

    @rule()
    def save(self) -> None:
        self.stack.mark_clean()
        self.clean = self.states[self.at]
        self.open = False

    @invariant()
    def agree(self) -> None:
        assert self.target == self.states[self.at]
        assert self.stack.is_clean == (self.clean is self.states[self.at])
        assert (self.stack.undo_label is None) == (self.at == 0)
        assert (self.stack.redo_label is None) == (self.at == len(self.states) - 1)


TestStack = Stack.TestCase
TestStack.settings = settings(max_examples=100, stateful_step_count=40)


def test_signals_and_labels() -> None:
    stack = CommandStack([0])
    heard: list[object] = []
    stack.changed.connect(lambda: heard.append("changed"))
    stack.happened.connect(heard.append)
    stack.push(Put(0, 1))
    stack.undo()
    stack.redo()
    stack.undo()
    do, redo, undo = StackEvent("do", Put(0, 1)), StackEvent("redo", Put(0, 1)), StackEvent("undo", Put(0, 0))
    assert heard == [do, "changed", undo, "changed", redo, "changed", undo, "changed"]
    assert (stack.undo_label, stack.redo_label) == (None, "put 1")
    stack.clear()
    assert (stack.undo_label, stack.redo_label, stack.is_clean) == (None, None, True)
    stack.undo()
    stack.redo()


def test_seeds_depend_on_all_parts_and_their_order_alone() -> None:
    assert derive_seed(1, 2) == derive_seed(1, 2)
    seeds = {derive_seed(*parts) for parts in [(1, 2), (2, 1), (12,), (1, 2, 0), (0, 1, 2), (1,), ()]}
    assert len(seeds) == 7
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed(0, 1, 2) == 4_529_435_921_577_843_265, "runs of older versions could not be repeated"
