"""The formula of the output size, in letters and in the user's numbers."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from cnn_studio.graph.explain import Formula, formulas
from cnn_studio.graph.spec import LayerSpec, Params, Shape
from cnn_studio.ui import theme


class FormulaCard(QFrame):
    """O = (I − f + 2p)/s + 1, once or per axis; hidden for layers that slide no window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        space = theme.current().space
        self._text = QLabel()
        self._text.setFont(theme.mono_font(0.95))
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setToolTip(
            "O output, I input, f filter, p padding, s stride. If O is no whole number, the filter does not tile "
            "the padded input and PyTorch rounds down."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
        layout.addWidget(self._text)
        self._shown: tuple[Formula, ...] = ()
        theme.manager().changed.connect(self._write)

    def show_formulas(self, spec: LayerSpec | None, params: Params, shape: Shape | None) -> None:
        """Show the formulas of a layer on an input of the given shape."""
        self._shown = () if spec is None or shape is None else formulas(spec, params, shape)
        self.setVisible(bool(self._shown))
        self._write()

    def _write(self) -> None:
        lines: list[str] = []
        for formula in self._shown:
            color = theme.current().text if formula.tiles else theme.current().warning
            name = f"{formula.axis}: " if formula.axis else ""
            lines.append(f"{escape(name)}O = {escape(formula.letters)}")
            lines.append(f"&nbsp; = {escape(formula.numbers)}")
            lines.append(f'&nbsp; = <b style="color:{color}">{escape(formula.result)}</b>')
        self._text.setText("<br>".join(lines))
