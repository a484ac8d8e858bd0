"""The numbers of every layer as a table model; knows nothing of how they are drawn."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from PySide6.QtCore import QObject, Qt
from typing_extensions import override

from cnn_studio.graph.analysis import Analysis, LayerNumbers
from cnn_studio.graph.receptive import Field
from cnn_studio.graph.spec import BYTES_PER_NUMBER
from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.sorted_table import SORT_ROLE
from cnn_studio.ui.status import bytes_text


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: heading, tool tip, what it sorts by, and what it shows where that is not the plain number."""

    title: str
    help: str
    value: Callable[[LayerRow], Any]
    text: Callable[[LayerRow], str] | None = None


@dataclass(frozen=True, slots=True)
class LayerRow:
    """The numbers of one layer.

    Attributes:
        numbers: sizes and costs; None where they are not known yet.
        output: the shape as text, or why there is none.
        share: part of the network's parameters, 0 to 1.
        fields: receptive field of rows and columns, or None.
        bytes: memory of the result for a batch, or None.
        note: what the tool tip of the name says besides.
    """

    layer_id: int
    place: int
    path: str
    type: str
    family: str
    output: str
    numbers: LayerNumbers
    share: float
    fields: tuple[Field, Field] | None
    bytes: int | None
    note: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the layer has a shape."""
        return self.numbers.shape is not None

    @property
    def params(self) -> int | None:
        """Trainable numbers."""
        return self.numbers.params


def _pair(values: tuple[Any, Any]) -> str:
    return str(values[0]) if values[0] == values[1] else f"{values[0]}×{values[1]}"


def _field_text(row: LayerRow) -> str:
    return "–" if row.fields is None else _pair((row.fields[0].cells, row.fields[1].cells))


def _stride_text(row: LayerRow) -> str:
    return "–" if row.fields is None else _pair((row.fields[0].stride, row.fields[1].stride))


_COLUMNS = (
    _Column("#", "Place in the order of execution", lambda row: row.place),
    _Column(
        "Layer",
        "The layer's name: its key in the state dict, its attribute in the code",
        lambda row: row.path,
        lambda row: f"{row.path} ❄" if row.note.startswith("frozen") else row.path,
    ),
    _Column("Type", "Kind of layer", lambda row: row.type),
    _Column(
        "Output",
        "Size of the result for one image: channels × height × width",
        lambda row: row.numbers.activations,
        lambda row: row.output,
    ),
    _Column(
        "Parameters",
        "Numbers that training can change; shared ones count where they are kept",
        lambda row: row.params,
    ),
    _Column(
        "Share",
        "The layer's part of all parameters of the network",
        lambda row: row.share if row.params is not None else None,
        lambda row: share_text(row.share) if row.params else "" if row.params == 0 else "–",
    ),
    _Column(
        "MAC",
        "Multiply-accumulate operations for one image: what the layer costs to compute",
        lambda row: row.numbers.macs,
    ),
    _Column(
        "Sees",
        "Receptive field: how many rows and columns of the image one value depends on. Padding counts, so it can be "
        "larger than the image",
        lambda row: row.fields and row.fields[0].cells * row.fields[1].cells,
        _field_text,
    ),
    _Column(
        "Stride",
        "Effective stride: how many pixels of the image lie between two neighbouring values",
        lambda row: row.fields and float(row.fields[0].stride * row.fields[1].stride),
        _stride_text,
    ),
    _Column(
        "Memory",
        "What the results for one batch take, at 4 bytes a number",
        lambda row: row.bytes,
        lambda row: "–" if row.bytes is None else bytes_text(row.bytes),
    ),
    _Column(
        "Neurons",
        "Values of a convolution or fully connected layer: each is one neuron",
        lambda row: row.numbers.neurons,
    ),
    _Column("Weights", "Parameters without the biases", lambda row: row.numbers.weights),
    _Column(
        "Biases", "One number per filter, unit or map, added to the result", lambda row: row.numbers.biases
    ),
    _Column(
        "If fully connected",
        "Parameters of a fully connected layer with the same inputs and outputs, in place of the convolution",
        lambda row: row.numbers.dense_params,
        lambda row: "" if row.numbers.dense_params is None else f"{row.numbers.dense_params:,}",
    ),
)
SHARE_COLUMN = 5
TEXT_COLUMNS = (1, 2)
"""Columns that stand left and sort from A to Z."""


def layer_rows(analysis: Analysis, batch_size: int) -> list[LayerRow]:
    """Return the rows of a network in execution order, memory reckoned for a batch."""
    return [
        _row(analysis, numbers, place, batch_size)
        for place, numbers in enumerate(analysis.layers.values(), 1)
    ]


def _row(analysis: Analysis, numbers: LayerNumbers, place: int, batch_size: int) -> LayerRow:
    document = analysis.report.document
    layer, state = document.layer(numbers.layer_id), analysis.report.states[numbers.layer_id]
    spec = layer.spec
    if numbers.shape is not None:
        output = "×".join(f"{size:,}" for size in numbers.shape)
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
        numbers=numbers,
        share=analysis.share(layer.id),
        fields=analysis.fields.get(layer.id),
        bytes=None if numbers.activations is None else BYTES_PER_NUMBER * batch_size * numbers.activations,
        note=", ".join(notes),
    )


class LayerTable(RowModel):
    """One row per layer."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__([(column.title, column.help) for column in _COLUMNS], parent)
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
            value = _COLUMNS[column].value(row)
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
        quiet = column in (0, 2) or _COLUMNS[column].value(row) in (0, None)
        return theme.qcolor("muted") if quiet else None


def _alignment(column: int) -> Qt.AlignmentFlag:
    across = Qt.AlignmentFlag.AlignLeft if column in TEXT_COLUMNS else Qt.AlignmentFlag.AlignRight
    return across | Qt.AlignmentFlag.AlignVCenter


def _text(row: LayerRow, column: int) -> str:
    show = _COLUMNS[column].text
    if show is not None:
        return show(row)
    value = _COLUMNS[column].value(row)
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:,}"


def share_text(share: float) -> str:
    """Return a share as ``78.0 %``; what would round to nothing is ``< 0.1 %``."""
    return "< 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def table_text(rows: Iterable[LayerRow], delimiter: str = "\t") -> str:
    """Return rows as text for spreadsheets, plain numbers, headings first.

    Args:
        rows: what to write.
        delimiter: between the columns; texts that hold it are quoted.
    """
    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(column.title for column in _COLUMNS)
    for row in rows:
        writer.writerow(_plain(row, column) for column in _COLUMNS)
    return text.getvalue()


def _plain(row: LayerRow, column: _Column) -> object:
    match column.title:
        case "Output":
            return row.output
        case "Share":
            return f"{row.share:.6g}"
        case "Sees" | "Stride":
            return column.text(row).replace("–", "") if column.text else ""
        case _:
            value = column.value(row)
            return "" if value is None else value
