"""The page of what is transferred: where the network is cut, and the new head behind the cut."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.cutting import CutPoint, Head, Pooling, describe_cut
from cnn_studio.graph.depths import cut_at_depth
from cnn_studio.graph.spec import shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.sorted_table import SORT_ROLE, SortedRows, SortedTable
from cnn_studio.ui.widgets.slots import without_argument
from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.state import WizardState, classifier_path

_COLUMNS = (
    ("Cut behind", "The layer whose result is the code"),
    ("Kind", "Kind of layer"),
    ("It gives", "Channels × height × width, for one image"),
    ("Code", "Numbers in an image's code, with the pooling chosen at the right"),
    ("From generic to specific", "Place among the layers with weights, from the image to the classifier"),
)
_QUICK = (
    ("Before the classifier", 1.0, "The usual place: all that the network learned but its classes"),
    ("Three quarters", 0.75, "Behind three quarters of the layers with weights"),
    ("Half", 0.5, "Behind half of the layers with weights: parts and patterns"),
    ("A quarter", 0.25, "Behind a quarter of the layers with weights: edges, colours and textures"),
)
_CELLS = 10
_WHY = (
    "Early layers see edges and textures, which serve for most images; late ones see what the old classes need. The more the "
    "new images are like the old ones, the later the cut may be."
)
_USUAL_HIDDEN, _USUAL_DROPOUT = 256, 0.2


class CutTable(RowModel):
    """One row per place, from the image to the classifier."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self.cuts: Sequence[CutPoint] = ()
        self._kinds: Sequence[str] = ()
        self.pooling: Pooling = "average"

    def set_cuts(self, cuts: Sequence[CutPoint], kinds: Sequence[str]) -> None:
        """Show the places of another network."""
        self.beginResetModel()
        self.cuts, self._kinds = cuts, kinds
        self.endResetModel()

    def set_pooling(self, pooling: Pooling) -> None:
        """Count codes with a pooling."""
        self.pooling = pooling
        if self.cuts:
            self.dataChanged.emit(self.index(0, 3), self.index(len(self.cuts) - 1, 3))

    @override
    def num_rows(self) -> int:
        return len(self.cuts)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        across = Qt.AlignmentFlag.AlignRight if column == 3 else Qt.AlignmentFlag.AlignLeft
        return across | Qt.AlignmentFlag.AlignVCenter

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        cut, column = self.cuts[index.row()], index.column()
        size = cut.code_size(self.pooling)
        filled = round(cut.position * _CELLS)
        texts = (
            cut.path,
            self._kinds[index.row()],
            shape_text(cut.shape),
            f"{size:,}",
            "■" * filled + "□" * (_CELLS - filled) + f"  {cut.position:.0%}".replace("%", " %"),
        )
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return texts[column]
        if role == SORT_ROLE:
            return index.row() if column in (0, 4) else size if column == 3 else texts[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.FontRole and column == 2:
            return theme.mono_font()
        if role == Qt.ItemDataRole.ForegroundRole and column in (1, 4):
            return theme.qcolor("muted" if column == 1 else "accent")
        return None


class CutPage(WizardPage):
    """A list of places to cut at, quick choices, pooling and head."""

    title = "What to transfer"
    question = "How much of the network do you take over, and what comes behind it?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self._silent = False
        self._source: object = None
        self.model = CutTable(self)
        self.rows = SortedRows(self.model, self)
        self.table = SortedTable(self.rows, stretched=4, least=190, text_columns=(0, 1, 2))
        self.quick = [QPushButton(text) for text, _, _ in _QUICK]
        self.said, self.stays = text_label(role="strong"), text_label(role="muted")
        self.pooled = QCheckBox("Average each map")
        self.linear, self.deep = QRadioButton("One linear layer"), QRadioButton("A hidden layer before it")
        self.hidden, self.dropout = QSpinBox(), QDoubleSpinBox()
        self._build()
        self._connect()

    def _build(self) -> None:
        space = theme.current().space
        self.body.addWidget(text_label(_WHY, "muted"))
        quick = QHBoxLayout()
        quick.setSpacing(theme.px(space.s))
        for button, (_, _, tip) in zip(self.quick, _QUICK, strict=True):
            button.setToolTip(tip)
            button.setCheckable(True)
            quick.addWidget(button)
        quick.addStretch(1)
        self.body.addLayout(quick)
        self.table.setSelectionMode(SortedTable.SelectionMode.SingleSelection)
        self.table.setAccessibleName("Places to cut at, from generic to specific")
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.m))
        row.addWidget(self.table, 1)
        row.addWidget(self._head_card())
        self.body.addLayout(row, 1)
        self.body.addWidget(self.said)
        self.body.addWidget(self.stays)

    def _head_card(self) -> QFrame:
        space = theme.current().space
        self.pooled.setToolTip(
            "One number per map, its mean: a short code that does not depend on where something is. Without it all cells "
            "of all maps count, which takes far more images"
        )
        self.linear.setToolTip("One score per class from the code: few weights, hard to overfit")
        self.deep.setToolTip("Can part classes that no straight line parts, and takes more images")
        group = QButtonGroup(self)
        for button in (self.linear, self.deep):
            group.addButton(button)
        self.hidden.setRange(1, 65_536)
        self.hidden.setValue(_USUAL_HIDDEN)
        self.hidden.setGroupSeparatorShown(True)
        self.hidden.setAccessibleName("Hidden units")
        self.dropout.setRange(0.0, 0.95)
        self.dropout.setSingleStep(0.1)
        self.dropout.setDecimals(2)
        self.dropout.setAccessibleName("Dropout")
        for field in (self.hidden, self.dropout):
            field.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.dropout.setToolTip("Share that is left out at random in each training step; 0 for none")
        card = QFrame()
        theme.set_role(card, "card")
        card.setFixedWidth(theme.px(248))
        column = QVBoxLayout(card)
        column.setContentsMargins(*(theme.px(space.m),) * 4)
        column.setSpacing(theme.px(space.s))
        column.addWidget(text_label("Pooling at the cut", "caption"))
        column.addWidget(self.pooled)
        column.addSpacing(theme.px(space.s))
        column.addWidget(text_label("New head", "caption"))
        column.addWidget(self.linear)
        column.addWidget(self.deep)
        for text, field in (("Hidden units", self.hidden), ("Dropout", self.dropout)):
            line = QHBoxLayout()
            line.addWidget(text_label(text, "muted"), 1)
            line.addWidget(field)
            column.addLayout(line)
        column.addStretch(1)
        return card

    def _connect(self) -> None:
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.table.row_entered.connect(self.go_on)
        for button, (_, share, _) in zip(self.quick, _QUICK, strict=True):
            button.clicked.connect(without_argument(partial(self.cut_at, share)))
        self.pooled.toggled.connect(self._head_changed)
        self.deep.toggled.connect(self._head_changed)
        self.hidden.valueChanged.connect(self._head_changed)
        self.dropout.valueChanged.connect(self._head_changed)

    # ------------------------------------------------------------------------------------------------------- showing

    def enter(self) -> None:
        """Show the places of the network of now."""
        shapes = self.state.source_shapes
        if shapes is not None and shapes is not self._source:
            self._source = shapes
            cuts = self.state.cuts()
            self._silent = True
            self.model.set_cuts(cuts, [_kind(self.state, cut) for cut in cuts])
            self._silent = False
            self.model.set_pooling(self.state.recipe.head.pooling)
            self.table.fit_columns()
        self._show_state()
        QTimer.singleShot(0, self, self._show_state)  # again, once the table has its size

    @Slot()
    def _show_state(self) -> None:
        recipe, head = self.state.recipe, self.state.recipe.head
        self._silent = True
        try:
            if head.pooling != self.model.pooling:
                self.model.set_pooling(head.pooling)
                self.table.fit_columns()  # codes are longer or shorter now
            self.pooled.setChecked(head.pooling == "average")
            self.deep.setChecked(head.hidden > 0)
            self.linear.setChecked(head.hidden == 0)
            self.hidden.setValue(head.hidden or self.hidden.value())
            self.hidden.setEnabled(head.hidden > 0)
            self.dropout.setValue(head.dropout)
            self._show_cut()
        finally:
            self._silent = False
        coded = recipe.strategy in ("svm", "softmax") and not self.state.compares
        if head.hidden and coded:
            self.say(
                "A linear classifier on CNN codes has no hidden layer: choose fine-tuning under How, or one layer.",
                "notice",
            )
        else:
            self.say("")
        self.answered.emit()

    def _show_cut(self) -> None:
        try:
            cut = self.state.cut()
        except StudioError as error:
            self.said.setText(str(error))
            self.stays.setText("")
            return
        if cut is None:
            return
        at = next(n for n, one in enumerate(self.model.cuts) if one.id == cut.id)
        index = self.rows.mapFromSource(self.model.index(at, 0))
        self.table.selectRow(index.row())
        self.table.scrollTo(index, SortedTable.ScrollHint.PositionAtCenter)
        self.said.setText(f"Cut behind {describe_cut(cut, self.state.recipe.head.pooling)}.")
        left = classifier_path(self.state)
        after = len(self.model.cuts) - 1 - at
        more = f" and {after} layer{'s' if after > 1 else ''} before it" if after else ""
        self.stays.setText(f"Left behind: {left}, the old classifier{more}.")
        for button, (_, share, _) in zip(self.quick, _QUICK, strict=True):
            button.setChecked(self._place(share) == cut.id)

    # -------------------------------------------------------------------------------------------------------- answers

    def _place(self, share: float) -> int | None:
        """Return the layer to cut behind so that about a share of the layers with weights comes before; ends of blocks first."""
        if not self.model.cuts:
            return None
        if share >= 1:
            return self.model.cuts[-1].id
        found = cut_at_depth(self.model.cuts, share)
        return found.id if found is not None else None

    def cut_at(self, share: float) -> None:
        """Cut behind a share of the layers with weights."""
        place = self._place(share)
        if place is not None:
            self._cut(next(cut for cut in self.model.cuts if cut.id == place))

    def _cut(self, cut: CutPoint) -> None:
        is_usual = cut.id == self.model.cuts[-1].id
        self.state.update(cut="" if is_usual else cut.path)
        self._show_state()

    @Slot()
    def _selected(self) -> None:
        rows = self.table.selected_rows()
        if rows and not self._silent:
            self._cut(self.model.cuts[self.rows.mapToSource(self.rows.index(rows[0], 0)).row()])

    @Slot()
    def _head_changed(self) -> None:
        if self._silent:
            return
        before = self.state.recipe.head
        is_deep = self.deep.isChecked()
        dropout = round(self.dropout.value(), 2)
        if is_deep and not before.hidden and not dropout:
            dropout = _USUAL_DROPOUT
        elif not is_deep and before.hidden and dropout == _USUAL_DROPOUT:
            dropout = 0.0  # it came with the hidden layer
        head = Head(
            pooling="average" if self.pooled.isChecked() else "none",
            hidden=self.hidden.value() if is_deep else 0,
            dropout=dropout,
        )
        self.state.update(head=head)
        self._show_state()

    def problem(self) -> str:
        """Say why the network cannot be cut there."""
        try:
            return "" if self.state.cut() is not None else "Choose a network first."
        except StudioError as error:
            return str(error)


def _kind(state: WizardState, cut: CutPoint) -> str:
    shapes = state.source_shapes
    spec = shapes.document.layer(cut.id).spec if shapes is not None else None
    return spec.title if spec is not None else ""
