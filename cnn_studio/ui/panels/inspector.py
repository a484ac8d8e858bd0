"""The inspector: the selected layer's name, parameters, formula, problems, and the picture of its window."""

from __future__ import annotations

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
from cnn_studio.core.errors import ParameterError, StudioError
from cnn_studio.core.params import Real, Value
from cnn_studio.graph.commands import RenameLayer, SetOutput, SetParams, SetTraining
from cnn_studio.graph.document import Layer
from cnn_studio.graph.problems import Fix
from cnn_studio.graph.shapes import LayerState
from cnn_studio.graph.spec import shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.concepts.picture import ConceptPicture
from cnn_studio.ui.panels.formula_card import FormulaCard
from cnn_studio.ui.panels.network_info import NetworkInfo
from cnn_studio.ui.panels.param_field import ParamField
from cnn_studio.ui.panels.problem_card import ProblemCard
from cnn_studio.ui.widgets.clear import clear_layout

_RATE = Real(
    "lr_factor",
    "Rate factor",
    "This layer's learning rate is the run's times this number.",
    1.0,
    maximum=1e6,
    above_minimum=True,
)


class Inspector(QWidget):
    """Shows and edits the current layer; with nothing selected, the network as a whole.

    Attributes:
        message: emitted with a sentence when an edit was refused.
    """

    message = Signal(str)

    def __init__(self, session: Session, selection: SelectionModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._selection = selection
        self._shown: tuple[int, str] | None = None  # id and type of the layer whose fields are there
        self._fields: dict[str, ParamField] = {}
        self._build()
        session.changed.connect(self._document_changed)
        session.replaced.connect(self._replaced)
        selection.changed.connect(self.refresh)
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
        self._build_training()
        self._shape = QLabel()
        self._shape.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._shape.setWordWrap(True)
        theme.set_role(self._shape, "mono")
        self._layout.addWidget(self._shape)
        self._formula = FormulaCard()
        self._layout.addWidget(self._formula)
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

    def _build_training(self) -> None:
        self._training_box = QWidget()
        row = QHBoxLayout(self._training_box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(8))
        label = QLabel("Trainable")
        label.setFixedWidth(theme.px(92))
        theme.set_role(label, "muted")
        self._trainable = QCheckBox("yes")
        self._trainable.setToolTip(
            "Off freezes the layer: its weights and its batch-norm statistics stay exactly as they are. That makes sense "
            "in a run that starts from trained weights (Training, More)."
        )
        self._trainable.toggled.connect(self._freeze)
        self._rate_label = QLabel("rate ×")
        theme.set_role(self._rate_label, "muted")
        self._rate = QLineEdit()
        self._rate.setFixedWidth(theme.px(64))
        self._rate.setToolTip(_RATE.help)
        self._rate.setAccessibleName(_RATE.title)
        self._rate.editingFinished.connect(self._change_rate)
        row.addWidget(label)
        row.addWidget(self._trainable)
        row.addStretch(1)
        row.addWidget(self._rate_label)
        row.addWidget(self._rate)
        self._layout.addWidget(self._training_box)
        self._keep = QCheckBox("keep batch-norm statistics")
        self._keep.setToolTip(
            "On: the running mean and variance stay as they are while the layer trains. A frozen layer always keeps them."
        )
        self._keep.toggled.connect(self._change_keep)
        self._layout.addWidget(self._keep)
        self._output = QCheckBox("the network's output")
        self._output.setToolTip(
            "The output layer gives one score per class; exactly one layer is the output."
        )
        self._output.clicked.connect(self._mark_output)
        self._layout.addWidget(self._output)

    # ------------------------------------------------------------------------------------------------ refreshing

    def _document_changed(self, change: object) -> None:
        self.refresh()

    def _replaced(self) -> None:
        self._shown = None
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the current layer as it is now."""
        current = self._selection.current
        layer = self._session.document.layers.get(current) if current is not None else None
        if layer is None:
            self._shown = (
                None  # first: a field that is hidden loses the focus and would edit a layer that is gone
            )
        self._set_layer_visible(layer is not None)
        if layer is None:
            self._show_problems(None)
            self._info.refresh()
            return
        if self._shown != (layer.id, layer.type):
            self._make_fields(layer)
        state = self._session.report().states[layer.id]
        self._show_layer(layer, state)
        self._show_problems(layer)

    def _set_layer_visible(self, visible: bool) -> None:
        for widget in (self._name, self._kind, self._help, self._shape, self._training_box, self._output):
            widget.setVisible(visible)
        if not visible:
            for widget in (self._fold, self._keep, self._formula, self._picture_title, self._picture):
                widget.hide()
            self._clear_fields()
        self._info.setVisible(not visible)

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
        self._rate.setText(_RATE.text(layer.lr_factor))
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
        self._training_box.setVisible(has_weights)
        self._keep.setVisible(has_weights and layer.type == "batch_norm" and layer.trainable)
        for box, value in (
            (self._trainable, layer.trainable),
            (self._keep, layer.keep_statistics),
            (self._output, self._session.document.info.output == layer.id),
        ):
            box.blockSignals(True)
            box.setChecked(value)
            box.blockSignals(False)
        self._trainable.setText("yes" if layer.trainable else "no, frozen")
        # a frozen layer has no rate, and its longer word needs the room
        self._rate_label.setVisible(layer.trainable)
        self._rate.setVisible(layer.trainable)
        if not self._rate.hasFocus():
            self._rate.setText(_RATE.text(layer.lr_factor))
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

    def _show_problems(self, layer: Layer | None) -> None:
        clear_layout(self._problems)
        wanted = None if layer is None else layer.id
        for problem in self._session.report().problems:
            if problem.layer_id == wanted:
                card = ProblemCard(problem)
                card.fix_chosen.connect(self._fix)
                self._problems.addWidget(card)

    # --------------------------------------------------------------------------------------------------- editing

    def _push(self, command: SetParams | RenameLayer | SetTraining | SetOutput) -> None:
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

    @Slot(bool)
    def _freeze(self, trainable: bool) -> None:
        if self._shown is not None:
            self._push(SetTraining(ids=(self._shown[0],), trainable=trainable))

    @Slot(bool)
    def _change_keep(self, keep: bool) -> None:
        if self._shown is not None:
            self._push(SetTraining(ids=(self._shown[0],), keep_statistics=keep))

    @Slot()
    def _change_rate(self) -> None:
        if self._shown is None:
            return
        layer = self._session.document.layer(self._shown[0])
        try:
            value = _RATE.parse(self._rate.text())
        except ParameterError as error:
            self.message.emit(str(error))
            self._rate.setText(_RATE.text(layer.lr_factor))
            return
        if value != layer.lr_factor:
            self._push(SetTraining(ids=(layer.id,), lr_factor=value))

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
