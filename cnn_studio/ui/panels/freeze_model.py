"""The freeze tree as a Qt model: rows, texts and ticks; it changes nothing, but says what somebody wants."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from typing_extensions import override

from cnn_studio.core.errors import ParameterError
from cnn_studio.graph.freeze_tree import FreezeNode, freeze_tree
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.content import quantity
from cnn_studio.ui.panels.training_fields import RATE

Index = QModelIndex | QPersistentModelIndex

LAYER, PARAMS, RATE_FACTOR, PLACE, NORM = range(5)
ROW = Qt.ItemDataRole.UserRole
"""The `FreezeRow` of an index."""

_COLUMNS = (
    ("Layer", "A tick lets a layer or block train; without one it is frozen: its weights stay exactly as they are"),
    ("Parameters", "Numbers in it that training can change; where it is partly frozen, how many of them still train"),
    ("Rate ×", "Its learning rate is the run's times this number. Less than 1 lets trained layers move with care"),
    (
        "Generic → specific",
        "How far from the image it lies. Layers near the image find edges and textures that serve for most images; "
        "those near the output are made for the classes they were trained on",
    ),
    (
        "Batch norm",
        "Keeps its running mean and variance, or adapts them to the new images. Frozen batch norms always keep them: "
        "otherwise their results would change although their weights do not",
    ),
)  # fmt: skip
_CHECKS = {
    "trains": Qt.CheckState.Checked,
    "partly": Qt.CheckState.PartiallyChecked,
    "frozen": Qt.CheckState.Unchecked,
}
_SAID = {"trains": "trains", "partly": "trains in part", "frozen": "frozen"}


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """What a row shows.

    Attributes:
        node: the layer or block.
        caption: kind of the layer, such as ``Conv 3×3``; for a block how many layers are in it.
        family: key of the layer's colour; empty for a block.
        note: what the tool tip says besides.
        norms: batch norms in it that train.
        num_kept: how many of these keep their statistics.
    """

    node: FreezeNode
    caption: str
    family: str
    note: str
    norms: tuple[int, ...]
    num_kept: int

    def holds(self, needle: str) -> bool:
        """Return whether the path or the kind of layer has a text in it."""
        return needle in self.node.path.casefold() or (
            bool(self.family) and needle in self.caption.casefold()
        )


@dataclass(slots=True)
class _Item:
    row: FreezeRow
    parent: int  # -1 at the top
    place: int
    children: list[int]


class FreezeModel(QAbstractItemModel):
    """Blocks and layers of one network; rows keep their place while only marks change.

    Attributes:
        trains_wanted: with a `FreezeRow` and whether it is to train.
        rate_wanted: with a `FreezeRow` and the factor.
        keep_wanted: with a `FreezeRow` and whether its batch norms are to keep their statistics.
        refused: with a sentence on a rate that is none.
    """

    trains_wanted = Signal(object, bool)
    rate_wanted = Signal(object, float)
    keep_wanted = Signal(object, bool)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: list[_Item] = []
        self._top: list[int] = []
        self._root: FreezeNode | None = None

    @property
    def root(self) -> FreezeNode | None:
        """The whole network as it was shown last."""
        return self._root

    def set_report(self, report: ShapeReport) -> bool:
        """Show a network as it is now; return whether other rows came, so that views lost their place."""
        root = freeze_tree(report)
        self._root = root
        items: list[_Item] = []
        top = _fill(items, report, root.children, -1)
        same = [item.row.node.path for item in items] == [item.row.node.path for item in self._items]
        if not same:
            self.beginResetModel()
            self._items, self._top = items, top
            self.endResetModel()
            return True
        before, self._items, self._top = self._items, items, top
        for number, (old, new) in enumerate(zip(before, items, strict=True)):
            if old.row != new.row:
                first = self.createIndex(new.place, 0, number)
                self.dataChanged.emit(first, self.createIndex(new.place, len(_COLUMNS) - 1, number))
        return False

    def row(self, index: Index) -> FreezeRow | None:
        """Return what an index stands for."""
        return self._items[index.internalId()].row if index.isValid() else None

    def index_of(self, path: str) -> QModelIndex:
        """Return the index of a path; an invalid one if it has no row."""
        for number, item in enumerate(self._items):
            if item.row.node.path == path:
                return self.createIndex(item.place, 0, number)
        return QModelIndex()

    # ---------------------------------------------------------------------------------------------------- structure

    def _below(self, index: Index) -> Sequence[int]:
        if not index.isValid():
            return self._top
        return self._items[index.internalId()].children if index.column() == 0 else ()

    @override
    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's own default
        below = self._below(parent)
        if 0 <= row < len(below) and 0 <= column < len(_COLUMNS):
            return self.createIndex(row, column, below[row])
        return QModelIndex()

    @override
    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # QObject's own takes nothing
        above = self._items[index.internalId()].parent if index.isValid() else -1
        return QModelIndex() if above < 0 else self.createIndex(self._items[above].place, 0, above)

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return len(self._below(parent))

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return len(_COLUMNS)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section][0]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _COLUMNS[section][1]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    # ------------------------------------------------------------------------------------------------------- content

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        row = self.row(index)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if row is None:
            return flags
        if index.column() == LAYER or (index.column() == NORM and row.norms):
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if index.column() == RATE_FACTOR and row.node.trainable:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.row(index), index.column()
        if row is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(row, column)
            case Qt.ItemDataRole.EditRole if column == RATE_FACTOR:
                return RATE.text(row.node.lr_factor or 1.0)
            case Qt.ItemDataRole.CheckStateRole:
                return _check(row, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ForegroundRole:
                return theme.qcolor("muted") if _is_quiet(row, column) else None
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(row, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return _spoken(row, column)
        return row if role == ROW else None

    @override
    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.row(index)
        if row is None:
            return False
        if role == Qt.ItemDataRole.CheckStateRole:
            wanted = Qt.CheckState(value) == Qt.CheckState.Checked
            (self.trains_wanted if index.column() == LAYER else self.keep_wanted).emit(row, wanted)
            return True
        if role != Qt.ItemDataRole.EditRole or index.column() != RATE_FACTOR:
            return False
        try:
            factor = float(RATE.parse(str(value).strip().removeprefix("×").strip()))
        except ParameterError as error:
            self.refused.emit(str(error))
            return False
        if factor != row.node.lr_factor:
            self.rate_wanted.emit(row, factor)
        return True


def _fill(items: list[_Item], report: ShapeReport, nodes: Sequence[FreezeNode], parent: int) -> list[int]:
    numbers = []
    for place, node in enumerate(nodes):
        numbers.append(len(items))
        item = _Item(_row(report, node), parent, place, [])
        items.append(item)
        item.children = _fill(items, report, node.children, numbers[-1])
    return numbers


def _row(report: ShapeReport, node: FreezeNode) -> FreezeRow:
    document = report.document
    inside = (document.layer(layer_id) for layer_id in node.ids)
    norms = [layer for layer in inside if layer.type == "batch_norm" and layer.trainable]
    kept = sum(layer.keep_statistics for layer in norms)
    caption, family, note = f"{len(node.ids):,} layers" if len(node.ids) > 1 else "1 layer", "", ""
    if node.layer_id is not None:
        layer = document.layer(node.layer_id)
        if layer.spec is not None:
            caption, family = layer.spec.caption(layer.params) or layer.spec.title, layer.spec.family.key
        if layer.tied_to is not None and layer.tied_to in document.layers:
            note = f"It shares the weights of {document.layer(layer.tied_to).path}; both train or neither."
    return FreezeRow(node, caption, family, note, tuple(layer.id for layer in norms), kept)


def _alignment(column: int) -> Qt.AlignmentFlag:
    right = column in (PARAMS, RATE_FACTOR)
    return (
        Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    ) | Qt.AlignmentFlag.AlignVCenter


def _text(row: FreezeRow, column: int) -> str:
    node = row.node
    match column:
        case 0:
            return node.name
        case 1 if not node.params:
            return "shared" if row.note else "–"
        case 1 if node.state == "partly":
            return f"{quantity(node.trainable)} of {quantity(node.params)}"
        case 1:
            return f"{node.params:,}"
        case 2 if node.trainable:
            return "mixed" if node.lr_factor is None else RATE.text(node.lr_factor)
        case 4 if row.norms:
            return (
                "adapts" if not row.num_kept else "keeps" if row.num_kept == len(row.norms) else "some keep"
            )
        case 4 if node.statistics:
            return "keeps"
    return ""


def _check(row: FreezeRow, column: int) -> Qt.CheckState | None:
    if column == LAYER:
        return _CHECKS[row.node.state]
    if column != NORM or not row.norms:
        return None
    if row.num_kept == len(row.norms):
        return Qt.CheckState.Checked
    return Qt.CheckState.PartiallyChecked if row.num_kept else Qt.CheckState.Unchecked


def _is_quiet(row: FreezeRow, column: int) -> bool:
    if column == RATE_FACTOR:
        return row.node.lr_factor == 1.0
    return row.node.state == "frozen" or (column == NORM and not row.norms)


def _tip(row: FreezeRow, column: int) -> str:
    node = row.node
    if column == LAYER:
        return " ".join(filter(None, (f"{node.path}: {row.caption}, {_SAID[node.state]}.", row.note)))
    if column == PARAMS and node.state == "partly":
        return f"{node.trainable:,} of {node.params:,} train"
    if column == PLACE:
        return f"{_place_text(node)} of the way from the image to the output"
    if column == RATE_FACTOR and node.trainable:
        return f"{RATE.help} Double-click or press F2 to change it."
    if column == NORM and row.norms:
        return "Tick: the running mean and variance stay as they are while the layer trains"
    if column == NORM and node.statistics:
        return "Frozen, so it keeps its running mean and variance"
    return ""


def _place_text(node: FreezeNode) -> str:
    first, last = round(100 * node.start), round(100 * node.end)
    return f"{first} %" if first == last else f"{first} to {last} %"


def _spoken(row: FreezeRow, column: int) -> str:
    if column == LAYER:
        return f"{row.node.path}, {row.caption}, {_SAID[row.node.state]}"
    return _place_text(row.node) if column == PLACE else _text(row, column)


class FoundRows(QSortFilterProxyModel):
    """The rows that hold a text, with the blocks around them."""

    def __init__(self, source: FreezeModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model, self.needle = source, ""
        self.setDynamicSortFilter(False)  # marks change no name, and asking for each row again takes its time
        self.setRecursiveFilteringEnabled(True)
        self.setSourceModel(source)

    def set_needle(self, text: str) -> None:
        """Show the rows that hold a text, whatever its case."""
        self.needle = text.strip().casefold()
        self.invalidate()

    @override
    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        found = self._model.row(self._model.index(row, 0, parent))
        return found is not None and found.holds(self.needle)


def walk(model: QAbstractItemModel, parent: Index = QModelIndex()) -> Iterator[QModelIndex]:  # noqa: B008 - Qt's default
    """Yield the first cells of all rows of a tree, from top to bottom."""
    for number in range(model.rowCount(parent)):
        index = model.index(number, 0, parent)
        yield index
        yield from walk(model, index)


def outermost(rows: Collection[FreezeRow]) -> list[FreezeRow]:
    """Return rows without those that lie in another of them."""
    blocks = {row.node.path for row in rows}
    return [row for row in rows if not any(row.node.path.startswith(f"{path}.") for path in blocks)]
