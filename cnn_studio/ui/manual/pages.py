"""The pages of the manual: one for each idea, one for each layer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.spec import LayerSpec, Params
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.picture import ConceptPicture
from cnn_studio.ui.manual.ideas import Idea, Shown
from cnn_studio.ui.panels.formula_card import FormulaCard

_PICTURE_WIDTH = 420


class ManualPage(QWidget):
    """What all pages have: a title, paragraphs, pictures.

    Attributes:
        lab_wanted: emitted with the id of a laboratory.
    """

    lab_wanted = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        space = theme.current().space
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(*(theme.px(space.xl),) * 4)
        self._column.setSpacing(theme.px(space.m))
        self._add(title, "title")

    def _add(self, text: str, role: str = "") -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if role:
            theme.set_role(label, role)
        self._column.addWidget(label)
        return label

    def _picture(self, type_id: str, params: Params) -> ConceptPicture | None:
        picture = ConceptPicture()
        if not picture.show_layer(type_id, params):
            return None
        picture.setFixedWidth(theme.px(_PICTURE_WIDTH))
        self._column.addWidget(picture)
        return picture


class IdeaPage(ManualPage):
    """An idea: text, pictures, and where to try it."""

    def __init__(self, idea: Idea, parent: QWidget | None = None) -> None:
        super().__init__(idea.title, parent)
        for paragraph in idea.text:
            self._add(paragraph)
        for shown in idea.shown:
            self._show(shown)
        if idea.try_it:
            self._add("Try it", "strong")
            self._add(idea.try_it)
        if idea.lab:
            button = QPushButton("Open the laboratory")
            button.setToolTip("An experiment on this idea, with real runs")
            button.clicked.connect(lambda: self.lab_wanted.emit(idea.lab))
            self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)

    def _show(self, shown: Shown) -> None:
        self._picture(shown.type_id, {**params_of(get_spec(shown.type_id)), **shown.params})
        self._add(shown.caption, "small")


class LayerPage(ManualPage):
    """A layer type: what it does, its picture, the formula of its size on an example, and its parameters."""

    def __init__(self, spec: LayerSpec, parent: QWidget | None = None) -> None:
        super().__init__(spec.title, parent)
        self._add(spec.family.title, "small")
        self._add(spec.help)
        params = params_of(spec)
        picture = self._picture(spec.id, params)
        if picture is not None and picture.case is not None and picture.case.inputs:
            formula = FormulaCard()
            formula.show_formulas(spec, params, picture.case.inputs[0])
            formula.setFixedWidth(theme.px(_PICTURE_WIDTH))
            formula.setVisible(spec.window is not None)
            self._column.addWidget(formula)
        if spec.params:
            self._add("Parameters", "strong")
            self._list_params(spec)
        self._column.addStretch(1)

    def _list_params(self, spec: LayerSpec) -> None:
        rows = QFormLayout()
        space = theme.current().space
        rows.setHorizontalSpacing(theme.px(space.xl))
        rows.setVerticalSpacing(theme.px(space.s))
        for param in spec.params:
            name, words = QLabel(param.title), QLabel(param.help)
            words.setWordWrap(True)
            theme.set_role(name, "muted")
            rows.addRow(name, words)
        self._column.addLayout(rows)


def params_of(spec: LayerSpec) -> Params:
    """Return the parameter values that a new layer of a type has."""
    return {param.key: param.default for param in spec.params}
