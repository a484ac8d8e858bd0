"""The numbers of every layer as a table model; knows nothing of how they are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt
from typing_extensions import override

from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import product
from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.sorted_table import SORT_ROLE

SHARE_COLUMN = 5

_COLUMNS = (
    ("#", "Place in the order of execution"),
    ("Layer", "The layer's name: its key in the state dict, its attribute in the code"),
    ("Type", "Kind of layer"),
    ("Output", "Size of the result for one image: channels × height × width"),
    ("Parameters", "Numbers that training can change; shared ones count where they are kept"),
    ("Share", "The layer's part of all parameters of the network"),
    ("MAC", "Multiply-accumulate operations for one image: what the layer costs to compute"),
    ("Activations", "Numbers in the layer's result for one image: what it takes in memory"),
    ("Weights", "Parameters without the biases"),
    ("Biases", "One number per filter, unit or map, added to the result"),
)
TEXT_COLUMNS = (1, 2)
"""Columns that stand left and sort from A to Z."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """The numbers of one layer; None where they are not known yet.

    Attributes:
        output: the shape as text, or why there is none.
        share: part of the network's parameters, 0 to 1.
        note: what the tool tip of the name says besides.
    """

    layer_id: int
    place: int
    path: str
    type: str
    family: str
    output: str
    is_known: bool
    params: int | None
    share: float
    weights: int | None
    biases: int | None
    macs: int | None
    activations: int | None
    note: str = ""

    @property
    def cells(self) -> tuple[Any, ...]:
        """The values in the order of the columns."""
        return (
            self.place, self.path, self.type, self.activations, self.params, self.share,
            self.macs, self.activations, self.weights, self.biases,
        )  # fmt: skip


def layer_rows(document: NetworkDocument, report: ShapeReport) -> list[LayerRow]:
    """Return the rows of a network in execution order."""
    total = sum(report.num_params(layer_id) or 0 for layer_id in report.order)
    return [
        _row(document, report, document.layer(layer_id), place, total)
        for place, layer_id in enumerate(report.order, 1)
    ]


def _row(document: NetworkDocument, report: ShapeReport, layer: Layer, place: int, total: int) -> LayerRow:
    spec, state = layer.spec, report.states[layer.id]
    params = report.num_params(layer.id)
    biases = 0
    if params and spec is not None:
        tensors = spec.tensors(layer.params, state.inputs)
        biases = sum(product(tensor.shape) for name, tensor in tensors.items() if name == "bias")
    if state.shape is not None:
        output = "×".join(f"{size:,}" for size in state.shape)
    elif state.waits_for is not None and state.waits_for in document.layers:
        output = f"waits for {document.layer(state.waits_for).path}"
    else:
        output = "has an error"
    notes = [] if layer.trainable else ["frozen"]
    if layer.tied_to is not None and layer.tied_to in document.layers:
        notes.append(f"shares the weights of {document.layer(layer.tied_to).path}")
    return LayerRow(
        layer_id=layer.id,
        place=place,
        path=layer.path,
        type=spec.title if spec is not None else layer.type,
        family=spec.family.key if spec is not None else "io",
        output=output,
        is_known=state.shape is not None,
        params=params,
        share=(params or 0) / total if total else 0.0,
        weights=None if params is None else params - biases,
        biases=None if params is None else biases,
        macs=report.macs(layer.id),
        activations=None if state.shape is None else product(state.shape),
        note=", ".join(notes),
    )


class LayerTable(RowModel):
    """One row per layer."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self._rows: Sequence[LayerRow] = ()

    @property
    def rows(self) -> Sequence[LayerRow]:
        """The rows in execution order."""
        return self._rows

    def set_rows(self, rows: Sequence[LayerRow]) -> None:
        """Show other rows; where the same layers stay in place, views keep selection and scroll position."""
        same = [row.layer_id for row in rows] == [row.layer_id for row in self._rows]
        if same:
            self._rows = rows
            if rows:
                last = self.index(len(rows) - 1, len(_COLUMNS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    @override
    def num_rows(self) -> int:
        return len(self._rows)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        return _alignment(1 if column == SHARE_COLUMN else column)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, column)
        if role == SORT_ROLE:
            value = row.cells[column]
            if isinstance(value, str):
                return value.casefold()
            return float(-1 if value is None else value)  # Qt's own integers end at 2**31
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.DecorationRole and column == 1:
            return theme.qcolor(row.family)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._color(row, column)
        if role == Qt.ItemDataRole.FontRole and column == 1:
            return theme.ui_font(weight=theme.current().type.strong)
        if role == Qt.ItemDataRole.ToolTipRole and column in TEXT_COLUMNS and row.note:
            return f"{row.path}: {row.note}"
        return None

    @staticmethod
    def _color(row: LayerRow, column: int) -> Any:
        if column == 3 and not row.is_known:
            return theme.qcolor("warning")
        quiet = column in (0, 2) or row.cells[column] in (0, None)
        return theme.qcolor("muted") if quiet else None


def _alignment(column: int) -> Qt.AlignmentFlag:
    across = Qt.AlignmentFlag.AlignLeft if column in TEXT_COLUMNS else Qt.AlignmentFlag.AlignRight
    return across | Qt.AlignmentFlag.AlignVCenter


def _text(row: LayerRow, column: int) -> str:
    if column == 3:
        return row.output
    value = row.cells[column]
    if value is None:
        return "–"
    if column == SHARE_COLUMN:
        return share_text(value) if row.params else ""
    if column == 1 and row.note.startswith("frozen"):
        return f"{row.path} ❄"
    return value if isinstance(value, str) else f"{value:,}"


def share_text(share: float) -> str:
    """Return a share as ``78.0 %``; what would round to nothing is ``< 0.1 %``."""
    return "< 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def table_text(rows: Iterable[LayerRow]) -> str:
    """Return rows as text with tabs between the columns, plain numbers, headings first: for spreadsheets."""
    lines = ["\t".join(title for title, _ in _COLUMNS)]
    for row in rows:
        cells = [*row.cells]
        cells[3] = row.output
        cells[SHARE_COLUMN] = f"{row.share:.6g}"
        lines.append("\t".join("" if cell is None else str(cell) for cell in cells))
    return "\n".join(lines) + "\n"
