"""The command stack: undo, redo, merging and macros over any target.

A command is a small value that carries out an edit and returns the command that takes it back. The stack knows
nothing of networks; `cnn_studio.graph.commands` has the edits of a document.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from psygnal import Signal

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Command(Protocol[T_contra]):
    """One edit as a value."""

    @property
    def label(self) -> str:
        """What the Edit menu says after Undo, such as ``move C1``."""

    def apply(self, target: T_contra) -> Command[T_contra]:
        """Carry the edit out and return its inverse; on an error the target is unchanged."""

    def merge_key(self) -> str | None:
        """Commands with the same key that follow each other at once become one undo step; None never merges.

        Two commands may share a key only if the later one overwrites all that the earlier one set.
        """


class StackEvent(NamedTuple):
    """One thing that a stack did, for whoever keeps a record of it.

    Attributes:
        kind: ``do`` for a command that was carried out for the first time.
        command: what was carried out; of ``undo`` the inverse.
        merged: whether it became part of the step before it.
    """

    kind: Literal["do", "undo", "redo"]
    command: Command[Any]
    merged: bool = False


class CommandStack(Generic[T]):
    """Undo and redo for one target.

    Attributes:
        changed: emitted after each push, undo, redo and `mark_clean`.
        happened: emitted with a `StackEvent` for each push, undo and redo; replaying them gives the same stack.
    """

    changed = Signal()
    happened = Signal(object)

    def __init__(self, target: T) -> None:
        self._target = target
        self._done: list[tuple[Command[T], Command[T]]] = []  # each step: a command and its inverse
        self._undone: list[Command[T]] = []
        self._clean: int | None = 0
        self._sealed = True

    def push(self, command: Command[T]) -> None:
        """Carry out a command and put it on the stack; redo steps are dropped.

        Raises:
            StudioError: the target refused the command; target and stack are unchanged.
        """
        inverse = command.apply(self._target)
        key = command.merge_key()
        if self._clean is not None and self._clean > len(self._done):
            self._clean = None  # the clean state lay among the redo steps that are lost now
        self._undone.clear()
        merges = self._can_merge(key)
        if merges:
            self._done[-1] = (command, self._done[-1][1])
        else:
            self._done.append((command, inverse))
        self._sealed = False
        self.happened.emit(StackEvent("do", command, merges))
        self.changed.emit()

    def _can_merge(self, key: str | None) -> bool:
        if key is None or self._sealed or not self._done or self._clean == len(self._done):
            return False
        return self._done[-1][0].merge_key() == key

    def seal(self) -> None:
        """End merging: the next command starts its own undo step (mouse released, field left)."""
        self._sealed = True

    def undo(self) -> None:
        """Take the last step back; nothing happens when there is none."""
        if not self._done:
            return
        command, inverse = self._done.pop()
        inverse.apply(self._target)
        self._undone.append(command)
        self._sealed = True
        self.happened.emit(StackEvent("undo", inverse))
        self.changed.emit()

    def redo(self) -> None:
        """Carry out again what was undone last; nothing happens when there is none."""
        if not self._undone:
            return
        command = self._undone.pop()
        self._done.append((command, command.apply(self._target)))
        self._sealed = True
        self.happened.emit(StackEvent("redo", command))
        self.changed.emit()

    def clear(self) -> None:
        """Forget all steps; the present state counts as clean."""
        self._done.clear()
        self._undone.clear()
        self._clean = 0
        self._sealed = True
        self.changed.emit()

    def mark_clean(self) -> None:
        """Remember the present state as the saved one."""
        self._clean = len(self._done)
        self._sealed = True
        self.changed.emit()

    @property
    def is_clean(self) -> bool:
        """Whether the target is as it was when last marked clean."""
        return self._clean == len(self._done)

    @property
    def undo_label(self) -> str | None:
        """Label of the step that undo would take back, or None."""
        return self._done[-1][0].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """Label of the step that redo would carry out, or None."""
        return self._undone[-1].label if self._undone else None
