"""A read-only view of code whose lines belong to layers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget
from typing_extensions import override

from cnn_studio.compiler.source import SourceText
from cnn_studio.ui import theme
from cnn_studio.ui.panels.code_highlighter import PythonHighlighter

_MOST_CHANGES = 100
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class CodeView(QPlainTextEdit):
    """Shows code, marks the lines of some layers, and tells which layer's line was chosen.

    Attributes:
        layer_chosen: emitted with the id of the layer whose line was clicked, or where Enter was pressed.
    """

    layer_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._layer_at: dict[int, int] = {}
        self._lines: dict[int, list[int]] = {}
        self._marked: frozenset[int] = frozenset()
        self._pressed: QPoint | None = None
        theme.set_role(self, "mono")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.setAccessibleName("The network as code")
        self.document().setDocumentMargin(theme.px(theme.current().space.m))
        self._highlighter = PythonHighlighter(self.document())
        self._take_theme()
        theme.manager().changed.connect(self._take_theme)

    def _take_theme(self) -> None:
        self.setFont(theme.mono_font())
        self._mark()

    def show_source(self, source: SourceText) -> None:
        """Show code in place of what was there; the view keeps its place."""
        self._layer_at, self._lines = {}, {}
        for lines_of in (source.lines_of, source.calls_of):
            self._note_lines(lines_of)
        before, after = self._text.split("\n"), source.text.split("\n")
        changed = [line for line, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]]
        if len(before) == len(after) and len(changed) <= _MOST_CHANGES:
            self._replace_lines(changed, after)
        else:
            across, down = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
            self.setPlainText(source.text)
            self.horizontalScrollBar().setValue(across)
            self.verticalScrollBar().setValue(down)
        self._text = source.text
        self._mark()

    def _replace_lines(self, changed: list[int], lines: list[str]) -> None:
        """Replace some lines; colouring a whole file anew would take several times as long."""
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for line in changed:
            cursor.setPosition(self.document().findBlockByNumber(line).position())
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText(lines[line])
        cursor.endEditBlock()

    def _note_lines(self, lines_of: Mapping[int, range]) -> None:
        for layer_id, lines in lines_of.items():
            self._layer_at.update(dict.fromkeys(lines, layer_id))
            known = self._lines.setdefault(layer_id, [])
            known += [line for line in lines if line not in known]

    def mark(self, layer_ids: Collection[int]) -> None:
        """Mark the lines of these layers."""
        if frozenset(layer_ids) != self._marked:
            self._marked = frozenset(layer_ids)
            self._mark()

    @property
    def marked_lines(self) -> list[int]:
        """The numbers of the marked lines, from 0."""
        return sorted(line for layer_id in self._marked for line in self._lines.get(layer_id, ()))

    def _mark(self) -> None:
        marks = []
        for line in self.marked_lines:
            mark = QTextEdit.ExtraSelection()
            mark.format.setBackground(theme.qcolor("accent_ground"))
            mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            mark.cursor = QTextCursor(self.document().findBlockByNumber(line))
            marks.append(mark)
        self.setExtraSelections(marks)

    def reveal_marked(self) -> None:
        """Scroll to the first marked line unless one of them can be seen."""
        lines = self.marked_lines
        first = self.firstVisibleBlock().blockNumber()
        last = first + self.viewport().height() // max(1, self.fontMetrics().height()) - 1
        if lines and not any(first <= line <= last for line in lines):
            self.verticalScrollBar().setValue(max(0, lines[0] - (last - first) // 3))

    def layer_at(self, line: int) -> int | None:
        """Return the id of the layer that a line (from 0) belongs to."""
        return self._layer_at.get(line)

    def _choose(self, cursor: QTextCursor) -> None:
        layer_id = self.layer_at(cursor.blockNumber())
        if layer_id is not None:
            self.layer_chosen.emit(layer_id)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        is_left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = event.position().toPoint() if is_left else None
        super().mousePressEvent(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        # a drag marks text to copy and chooses nothing
        if self._pressed is not None and not self.textCursor().hasSelection():
            self._choose(self.cursorForPosition(event.position().toPoint()))
        self._pressed = None

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER:
            self._choose(self.textCursor())
        else:
            super().keyPressEvent(event)
