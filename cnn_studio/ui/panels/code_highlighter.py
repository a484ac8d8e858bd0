"""Colours for Python code: keywords, strings, numbers, comments, and the names of classes and functions."""

from __future__ import annotations

import keyword
import re

from PySide6.QtGui import QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from typing_extensions import override

from cnn_studio.ui import theme

_QUOTES = '"""'
_TOKENS = re.compile(
    rf'(?P<doc>{_QUOTES}(?:.*?{_QUOTES}|.*$))'
    r'|(?P<string>"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*')"
    r"|(?P<comment>#.*)"
    r"|(?:\b(?:class|def)\s+(?P<name>\w+))"
    rf"|(?P<keyword>\b(?:{'|'.join(keyword.kwlist)}|self)\b)"
    r"|(?P<number>\b\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?\b)"
)  # fmt: skip
_WORD_BEFORE_NAME = re.compile(r"class|def")
_PLAIN, _IN_DOC = 0, 1

COLORS = {
    "keyword": "accent",
    "string": "ok",
    "doc": "ok",
    "number": "warning",
    "comment": "muted",
}
"""Token of the theme per kind of word; each reads well on the ground of text fields."""


class PythonHighlighter(QSyntaxHighlighter):
    """Follows the theme as long as the document lives."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self._take_theme()
        theme.manager().changed.connect(self._theme_changed)

    def _take_theme(self) -> None:
        for kind, color in COLORS.items():
            self._formats[kind] = QTextCharFormat()
            self._formats[kind].setForeground(theme.qcolor(color))
        self._formats["name"] = QTextCharFormat()
        self._formats["name"].setFontWeight(QFont.Weight.DemiBold)

    def _theme_changed(self) -> None:
        self._take_theme()
        self.rehighlight()

    @override
    def highlightBlock(self, text: str) -> None:
        start = 0
        self.setCurrentBlockState(_PLAIN)
        if self.previousBlockState() == _IN_DOC:
            end = text.find(_QUOTES)
            if end < 0:
                self.setFormat(0, len(text), self._formats["doc"])
                self.setCurrentBlockState(_IN_DOC)
                return
            start = end + len(_QUOTES)
            self.setFormat(0, start, self._formats["doc"])
        for found in _TOKENS.finditer(text, start):
            kind = found.lastgroup or "string"
            begin, end = found.span(kind)
            self.setFormat(begin, end - begin, self._formats[kind])
            if kind == "name" and (word := _WORD_BEFORE_NAME.match(text, found.start())):
                self.setFormat(word.start(), word.end() - word.start(), self._formats["keyword"])
            if kind == "doc" and not (end - begin >= 6 and text[:end].endswith(_QUOTES)):
                self.setCurrentBlockState(_IN_DOC)
