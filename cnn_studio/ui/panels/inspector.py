"""The inspector: the selected layer's name, parameters, formula, problems, and the picture of its window.

Blocks and several layers have panels of their own, which it shows in their place.
"""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.session import Session
from cnn_studio.core.errors import StudioError
from cnn_studio.core.params import Value
from cnn_studio.graph.commands import AnyCommand, RenameLayer, SetOutput, SetParams
from cnn_studio.graph.document import Layer
from cnn_studio.graph.problems import Fix
from cnn_studio.graph.shapes import LayerState
from cnn_studio.graph.spec import shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.concepts.picture import ConceptPicture
from cnn_studio.ui.panels.block_info import BlockInfo
from cnn_studio.ui.panels.formula_card import FormulaCard
from cnn_studio.ui.panels.network_info import NetworkInfo
from cnn_studio.ui.panels.param_field import ParamField
from cnn_studio.ui.panels.problem_card import ProblemCard
from cnn_studio.ui.panels.selection_info import SelectionInfo
from cnn_studio.ui.panels.training_fields import TrainingFields
from cnn_studio.ui.widgets.clear import clear_layout

_MOST_PROBLEMS = 6


class Inspector(QWidget):
    """Shows and edits the current layer, the selected block or layers; with nothing selected, the whole network.

    Attributes:
        message: emitted with a sentence when an edit was refused.
    """

    message = Signal(str)

    def __init__(self, session: Session, canvas: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._canvas = canvas
        self._selection = canvas.selection
        self._shown: tuple[int, str] | None = None  # id and type of the layer whose fields are there
        self._fields: dict[str, ParamField] = {}
        self._build()
        session.changed.connect(self._document_changed)
        session.replaced.connect(self._replaced)
        canvas.selection.changed.connect(self.refresh)
        canvas.network.updated.connect(self._folds_changed)
        self.refresh()

    # ------------------------------------------------------------------------------------------------- building

    def _build(self) -> None:
        space = theme.current().space
        self._content = QWidget()
        self._layout = QVBoxLayout(self._content)
        self._layout.setContentsMargins(*(theme.px(n) for n in (space.l, space.m, space.m, space.l)))
        self._layout.setSpacing(theme.px(space.s))
        self._build_head()
        self._params = QVBoxLayout()
        self._params.setSpacing(theme.px(6))
        self._layout.addLayout(self._params)
        self._fold = QToolButton()
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.set_role(self._fold, "fold")
        self._fold.toggled.connect(self._folded)
        self._layout.addWidget(self._fold)
        self._advanced_box = QWidget()
        self._advanced = QVBoxLayout(self._advanced_box)
        self._advanced.setContentsMargins(0, 0, 0, 0)
        self._advanced.setSpacing(theme.px(6))
        self._layout.addWidget(self._advanced_box)
        self._training = TrainingFields(self._session, self._push)
        self._layout.addWidget(self._training)
        self._output = QCheckBox("the network's output")
        self._output.setToolTip(
            "The output layer gives one score per class; exactly one layer is the output."
        )
        self._output.clicked.connect(self._mark_output)
        self._layout.addWidget(self._output)
        self._shape = QLabel()
        self._shape.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._shape.setWordWrap(True)
        theme.set_role(self._shape, "mono")
        self._layout.addWidget(self._shape)
        self._formula = FormulaCard()
        self._layout.addWidget(self._formula)
        self._block = BlockInfo(self._session, self._canvas)
        self._several = SelectionInfo(self._session, self._canvas)
        self._several.message.connect(self.message)
        for panel in (self._block, self._several):
            self._layout.addWidget(panel)
        self._problems = QVBoxLayout()
        self._problems.setSpacing(theme.px(space.s))
        self._layout.addLayout(self._problems)
        self._picture_title = QLabel()
        theme.set_role(self._picture_title, "caption")
        self._layout.addWidget(self._picture_title)
        self._picture = ConceptPicture()
        self._layout.addWidget(self._picture)
        self._info = NetworkInfo(self._session)
        self._layout.addWidget(self._info)
        self._layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self._folded(False)

    def _build_head(self) -> None:
        self._name = QLineEdit()
        self._name.setToolTip("The layer's name, in the state dict and in code too. Dots separate blocks.")
        self._name.setAccessibleName("Name")
        self._name.editingFinished.connect(self._rename)
        self._kind = QLabel()
        self._kind.setTextFormat(Qt.TextFormat.PlainText)  # an unknown type is shown as the file names it
        theme.set_role(self._kind, "muted")
        self._help = QLabel()
        self._help.setWordWrap(True)
        theme.set_role(self._help, "small")
        row = QHBoxLayout()
        row.setSpacing(theme.px(8))
        row.addWidget(self._name, 1)
        row.addWidget(self._kind)
        self._layout.addLayout(row)
        self._layout.addWidget(self._help)

    # ------------------------------------------------------------------------------------------------ refreshing

    def _document_changed(self, change: object) -> None:
        self.refresh()

    def _replaced(self) -> None:
        self._shown = None
        self.refresh()

    @Slot()
    def _folds_changed(self) -> None:
        if self._block.isVisible():
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the current layer, block or layers as they are now."""
        document = self._session.document
        ids = tuple(i for i in document.layers if i in self._selection.ids)
        current = self._selection.current
        layer = document.layers.get(current) if current is not None and len(ids) == 1 else None
        block = self._canvas.blocks.current if len(ids) > 1 else None
        if layer is None:
            self._shown = (
                None  # first: a field that is hidden loses the focus and would edit a layer that is gone
            )
        if block is None:
            self._block.forget()
        if block is not None or len(ids) < 2:
            self._several.forget()
        self._set_layer_visible(layer is not None)
        self._info.setVisible(not ids)
        self._block.setVisible(block is not None)
        self._several.setVisible(block is None and len(ids) > 1)
        self._show_problems(ids)
        if block is not None:
            self._block.show_block(block)
        elif layer is None and ids:
            self._several.show_layers(ids)
        elif layer is None:
            self._info.refresh()
        else:
            if self._shown != (layer.id, layer.type):
                self._make_fields(layer)
            self._show_layer(layer, self._session.report().states[layer.id])

    def _set_layer_visible(self, visible: bool) -> None:
        for widget in (self._name, self._kind, self._help, self._shape, self._output):
            widget.setVisible(visible)
        if not visible:
            extras = (self._fold, self._training, self._formula, self._picture_title, self._picture)
            for extra in extras:
                extra.hide()
            self._clear_fields()

    def _clear_fields(self) -> None:
        for field in self._fields.values():
            field.hide()
            field.deleteLater()
        self._fields.clear()

    def _make_fields(self, layer: Layer) -> None:
        self._clear_fields()
        self._shown = (layer.id, layer.type)
        # also with the focus in them: what was typed was meant for the layer before
        self._name.setText(layer.path)
        spec = layer.spec
        params = spec.params if spec is not None else ()
        for param in params:
            field = ParamField(param)
            field.edited.connect(self._edited)
            field.finished.connect(self._session.stack.seal)
            (self._advanced if param.advanced else self._params).addWidget(field)
            self._fields[param.key] = field
        self._fold.setVisible(any(param.advanced for param in params))
        self._advanced_box.setVisible(self._fold.isChecked())
        fields = self._fields.values()
        basic = [field for field in fields if not field.param.advanced]
        _tab_through(self._name, *basic, self._fold, *(field for field in fields if field.param.advanced))

    def _show_layer(self, layer: Layer, state: LayerState) -> None:
        spec = layer.spec
        if not self._name.hasFocus():
            self._name.setText(layer.path)
        self._kind.setText(spec.title if spec is not None else layer.type)
        self._help.setText(_sentence(layer, state))
        self._help.setToolTip(spec.help if spec is not None else "")
        for key, field in self._fields.items():
            field.show_value(layer.params[key])
        has_weights = (
            spec is not None and state.shape is not None and bool(spec.tensors(layer.params, state.inputs))
        )
        self._training.setVisible(has_weights)
        self._training.show_layer(layer)
        self._output.setChecked(self._session.document.info.output == layer.id)
        self._shape.setText(self._shape_line(layer, state))
        shown = state.inputs[0] if state.inputs and spec is not None and len(state.inputs[0]) == 3 else None
        self._formula.show_formulas(spec, layer.params, shown)
        has_picture = self._picture.show_layer(layer.type, layer.params, state.inputs, state.shape)
        self._picture_title.setVisible(has_picture)
        is_example = self._picture.case is not None and self._picture.case.is_example
        self._picture_title.setText("What it does, on an example" if is_example else "What it does")

    def _shape_line(self, layer: Layer, state: LayerState) -> str:
        report = self._session.report()
        if state.waits_for is not None:
            return f"waits for {self._session.document.layer(state.waits_for).path}"
        if state.shape is None:
            return "no output yet"
        before = " + ".join(shape_text(shape) for shape in state.inputs)
        count = report.num_params(layer.id) or 0
        arrow = f"{before} → " if before else ""
        weights = f"\n{count:,} parameters" if count else ""
        return f"{arrow}{shape_text(state.shape)}{weights}"

    def _show_problems(self, ids: tuple[int, ...]) -> None:
        """Show the problems of the selected layers, or those of the network as a whole."""
        clear_layout(self._problems)
        wanted: set[int | None] = {*ids} or {None}
        found = [problem for problem in self._session.report().problems if problem.layer_id in wanted]
        buttons: list[QWidget] = []
        for problem in found[:_MOST_PROBLEMS]:
            card = ProblemCard(problem, is_named=len(ids) > 1)
            card.fix_chosen.connect(self._fix)
            self._problems.addWidget(card)
            buttons += card.buttons
        _tab_through(self._output, *buttons)
        if len(found) > _MOST_PROBLEMS:
            more = QLabel(f"And {len(found) - _MOST_PROBLEMS:,} more; all are listed under Problems.")
            more.setWordWrap(True)
            theme.set_role(more, "small")
            self._problems.addWidget(more)

    # --------------------------------------------------------------------------------------------------- editing

    def _push(self, command: AnyCommand) -> None:
        try:
            self._session.push(command)
        except StudioError as error:
            self.message.emit(str(error))
            self.refresh()

    @Slot(object)
    def _edited(self, value: Value) -> None:
        field = self.sender()
        if isinstance(field, ParamField) and self._shown is not None:
            self._push(SetParams(id=self._shown[0], changes={field.param.key: value}))

    @Slot()
    def _rename(self) -> None:
        if self._shown is None:
            return
        layer = self._session.document.layer(self._shown[0])
        wanted = self._name.text().strip()
        if wanted != layer.path:
            self._push(RenameLayer(id=layer.id, path=wanted))
            self._name.setText(self._session.document.layer(layer.id).path)

    @Slot()
    def _mark_output(self) -> None:
        if self._shown is not None:
            self._push(SetOutput(id=self._shown[0]))
            self.refresh()

    @Slot(object)
    def _fix(self, fix: Fix) -> None:
        try:
            self._session.apply_fix(fix)
        except StudioError as error:
            self.message.emit(str(error))

    @Slot(bool)
    def _folded(self, unfolded: bool) -> None:
        self._advanced_box.setVisible(unfolded)
        self._fold.setText("Less" if unfolded else "More")
        theme.bind_icon(self._fold, "chevron-up" if unfolded else "chevron-down", "muted")


def _sentence(layer: Layer, state: LayerState) -> str:
    """Return what the layer does: in the user's numbers where its inputs are known, else in general."""
    if layer.spec is None:
        return "This version does not know this layer type."
    in_numbers = layer.spec.sentence(layer.params, state.inputs) if state.shape is not None else ""
    return in_numbers or layer.spec.help


def _tab_through(*stops: QWidget) -> None:
    """Let Tab go from each widget to the next; Qt alone goes by when they were made.

    WORKAROUND: never by walking the layouts: PySide's wrappers of layout items outlive what they wrap, and the
    process dies when the layout's widget is deleted.
    """
    for before, after in pairwise(stops):
        QWidget.setTabOrder(before, after)
