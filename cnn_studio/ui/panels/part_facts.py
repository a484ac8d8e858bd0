"""What several layers come to, and whether they train: shared by what the inspector says of blocks and selections."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLabel, QWidget

from cnn_studio.graph.blocks import totals
from cnn_studio.graph.freeze_tree import stateful
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.content import quantity
from cnn_studio.ui.widgets.elided import breakable


class PartFacts(QWidget):
    """A table of names and values; rows without a value are left out.

    Args:
        rows: names of the rows, from top to bottom.
    """

    def __init__(self, rows: Collection[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(theme.px(12))
        self._form.setVerticalSpacing(theme.px(6))
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._values: dict[str, QLabel] = {}
        for name in rows:
            title = QLabel(name)
            theme.set_role(title, "muted")
            value = QLabel()
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._values[name] = value
            self._form.addRow(title, value)

    def show_values(self, values: Mapping[str, str]) -> None:
        """Show values by the names of their rows."""
        for name, label in self._values.items():
            text = values.get(name, "")
            label.setText(breakable(text))
            self._form.setRowVisible(label, bool(text))

    def value(self, name: str) -> str:
        """Return what a row says."""
        return self._values[name].text().replace("\u200b", "")


def sums(report: ShapeReport, ids: Collection[int]) -> dict[str, str]:
    """Return what layers come to, in words, by the names of rows: Parameters and MACs."""
    found = totals(report, ids)
    least = "" if found.is_complete else "at least "
    return {
        "Parameters": f"{least}{found.num_params:,}",
        "MACs": f"{least}{quantity(found.macs)} per image" if found.macs else "",
    }


class FreezeBox(QCheckBox):
    """Says whether all, some or none of several layers train; a click freezes all or lets all train.

    Attributes:
        chosen: emitted with whether the layers are to train, after a click.
    """

    chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip(
            "Off freezes all of these layers: their weights and batch-norm statistics stay exactly as they are."
        )
        self._num_frozen = 0
        self.clicked.connect(self._choose)

    def show_layers(self, report: ShapeReport, ids: Collection[int]) -> None:
        """Show how layers train; those that have nothing to freeze do not count beside others."""
        ids = stateful(report, ids)
        self._num_frozen = count = sum(not report.document.layer(layer_id).trainable for layer_id in ids)
        is_mixed = 0 < count < len(ids)
        self.setTristate(is_mixed)
        if is_mixed:
            self.setCheckState(Qt.CheckState.PartiallyChecked)
            self.setText(f"trainable, but {count:,} of {len(ids):,} frozen")
        else:
            self.setChecked(not count)
            self.setText("frozen" if count else "trainable")

    def _choose(self) -> None:
        self.chosen.emit(self._num_frozen > 0)
