"""What the inspector shows of several selected layers: totals, the parameters they share, and what to do with them."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from cnn_studio.app.session import Session
from cnn_studio.core.errors import StudioError
from cnn_studio.core.params import Param, Value
from cnn_studio.graph.commands import Macro, SetParams
from cnn_studio.graph.document import Layer
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.menus import align_menu
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.panels.param_field import ParamField
from cnn_studio.ui.panels.part_facts import FreezeBox, PartFacts, sums
from cnn_studio.ui.widgets.clear import clear_layout
from cnn_studio.ui.widgets.flow_layout import FlowLayout

_MOST_KINDS = 4


class SelectionInfo(QWidget):
    """Several layers that are no block, to be edited together.

    Attributes:
        message: emitted with a sentence when an edit was refused.
        title: how many layers there are.
        facts: what they come to.
        freeze: whether they train.
        fields: the parameters that all of them have, by key.
    """

    message = Signal(str)

    def __init__(self, session: Session, view: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._ids: tuple[int, ...] = ()
        self._params: dict[str, Param] = {}
        self.fields: dict[str, ParamField] = {}
        self.title = QLabel()
        theme.set_role(self.title, "title")
        self.facts = PartFacts(("Kinds", "Parameters", "MACs"))
        self.freeze = FreezeBox()
        self.freeze.chosen.connect(self._freeze)
        self._caption = QLabel("For all of them")
        theme.set_role(self._caption, "caption")
        self._shared = QVBoxLayout()
        self._shared.setSpacing(theme.px(6))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(8))
        layout.addWidget(self.title)
        layout.addWidget(self.facts)
        layout.addWidget(self.freeze)
        layout.addWidget(self._make_buttons())
        layout.addWidget(self._caption)
        layout.addLayout(self._shared)

    def _make_buttons(self) -> QWidget:
        row = QWidget()
        flow = FlowLayout(row, theme.px(6))
        group = QPushButton("Group into a block")
        group.setToolTip("Put the layers into a block of their own (Ctrl+G)")
        group.clicked.connect(self._group)
        keep = QPushButton("Save to My blocks…")
        keep.setToolTip("Keep a copy in the palette, for other networks")
        keep.clicked.connect(self._view.blocks.keep)
        align = QPushButton("Align")
        align.setToolTip("Put the cards in line or at equal distances")
        align.setMenu(align_menu(self._view, align))
        for button in (group, keep, align):
            flow.addWidget(button)
        return row

    # -------------------------------------------------------------------------------------------------------- showing

    def show_layers(self, ids: tuple[int, ...]) -> None:
        """Show layers as they are now."""
        document, report = self._session.document, self._session.report()
        layers = [document.layer(layer_id) for layer_id in ids]
        params = _shared_params(layers)
        if ids != self._ids or list(params) != list(self._params):
            self._ids, self._params = ids, params
            self._make_fields()
        self.title.setText(f"{len(ids):,} layers")
        self.facts.show_values({"Kinds": _kinds(layers), **sums(report, ids)})
        self.freeze.show_layers(report, ids)
        for key, field in self.fields.items():
            values = [layer.params[key] for layer in layers]
            if all(value == values[0] for value in values):
                field.show_value(values[0])
            else:
                field.show_several()

    def forget(self) -> None:
        """Show no layers any more: what is typed is not meant for the next ones."""
        if self._ids:
            self._ids, self._params = (), {}
            self._make_fields()

    def _make_fields(self) -> None:
        clear_layout(self._shared)
        self.fields.clear()
        for key, param in self._params.items():
            field = ParamField(param)
            field.edited.connect(self._edited)
            field.finished.connect(self._session.stack.seal)
            self._shared.addWidget(field)
            self.fields[key] = field
        self._caption.setVisible(bool(self.fields))

    # -------------------------------------------------------------------------------------------------------- editing

    @Slot(object)
    def _edited(self, value: Value) -> None:
        field = self.sender()
        if not isinstance(field, ParamField) or not self._ids:
            return
        key = field.param.key
        commands = tuple(SetParams(id=layer_id, changes={key: value}) for layer_id in self._ids)
        text = f"change {key} of {len(self._ids)} layers"
        try:
            self._session.push(Macro(text=text, commands=commands, merges=f"{key} {self._ids}"))
        except StudioError as error:
            self.message.emit(str(error))

    @Slot(bool)
    def _freeze(self, trainable: bool) -> None:
        self._view.operations.set_frozen(not trainable)

    @Slot()
    def _group(self) -> None:
        self._view.blocks.group()


def _shared_params(layers: list[Layer]) -> dict[str, Param]:
    """Return the parameters that all layers have and that mean the same, by key; advanced ones come last."""
    specs = [layer.spec for layer in layers]
    first = specs[0] if specs else None
    if first is None or None in specs:
        return {}
    types = {spec.id: spec for spec in specs if spec is not None}
    known = [{param.key: param for param in spec.params} for spec in types.values()]
    found = [
        param
        for param in first.params
        if all(param.key in params and _is_same(param, params[param.key]) for params in known)
    ]
    return {param.key: param for param in sorted(found, key=lambda param: param.advanced)}


def _is_same(one: Param, other: Param) -> bool:
    return type(one) is type(other) and one.range_text == other.range_text


def _kinds(layers: list[Layer]) -> str:
    counts = Counter(layer.spec.title if layer.spec is not None else layer.type for layer in layers)
    shown = [f"{count:,} {title}" for title, count in counts.most_common(_MOST_KINDS)]
    more = sum(counts.values()) - sum(count for _, count in counts.most_common(_MOST_KINDS))
    others = f"{more:,} other{'' if more == 1 else 's'}"
    return ", ".join([*shown, others] if more else shown)
