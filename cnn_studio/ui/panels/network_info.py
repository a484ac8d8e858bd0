"""What the inspector shows when no layer is selected: the network as a whole."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from cnn_studio.app.session import Session
from cnn_studio.graph.commands import SetInfo
from cnn_studio.graph.spec import shape_text
from cnn_studio.ui import theme

_MOST_NAMES, _MOST_LETTERS = 12, 90


class NetworkInfo(QWidget):
    """Name, input, output, parameters, classes, and what to do next."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._name = QLineEdit()
        self._name.setAccessibleName("Network name")
        self._name.editingFinished.connect(self._rename)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(8))
        title = QLabel("Network")
        theme.set_role(title, "title")
        hint = QLabel("Select a layer to see and change its parameters.")
        hint.setWordWrap(True)
        theme.set_role(hint, "small")
        layout.addWidget(title)
        layout.addWidget(hint)
        form = QFormLayout()
        form.setHorizontalSpacing(theme.px(12))
        form.setVerticalSpacing(theme.px(6))
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._values: dict[str, QLabel] = {}
        form.addRow(_muted("Name"), self._name)
        for key in ("Input", "Output", "Layers", "Parameters", "Frozen", "Classes", "Weights"):
            value = QLabel()
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._values[key] = value
            form.addRow(_muted(key), value)
        layout.addLayout(form)

    def refresh(self) -> None:
        """Show the network as it is now."""
        document, report = self._session.document, self._session.report()
        if not self._name.hasFocus():
            self._name.setText(document.info.name)
        entry = next((i for i in report.order if document.layer(i).type == "input"), None)
        shape = report.states[entry].shape if entry is not None else None
        output = report.output_shape()
        counts = {i: report.num_params(i) or 0 for i in report.order}
        frozen = sum(n for i, n in counts.items() if not document.layer(i).trainable)
        labels = document.info.labels
        texts = {
            "Input": shape_text(shape) if shape else "none",
            "Output": shape_text(output) if output else "none",
            "Layers": f"{len(report.order):,}",
            "Parameters": f"{sum(counts.values()):,}",
            "Frozen": f"{frozen:,}" if frozen else "none",
            "Classes": _listed(tuple(name.partition(",")[0] for name in labels))
            if labels
            else "taken from the images you train on",
            "Weights": self._weights_text(),
        }
        for key, text in texts.items():
            self._values[key].setText(text)

    def _weights_text(self) -> str:
        if not len(self._session.weights):
            return "not trained yet"
        misfits = self._session.weights.misfits(self._session.report())
        if not misfits:
            return "trained"
        names = _listed(tuple(self._session.document.layer(i).path for i in misfits))
        return f"trained, but no longer fit {names}"

    @Slot()
    def _rename(self) -> None:
        name = self._name.text().strip()[:200]
        if name and name != self._session.document.info.name:
            self._session.push(SetInfo(name=name))
        self._name.setText(self._session.document.info.name)


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    theme.set_role(label, "muted")
    return label


def _listed(names: tuple[str, ...]) -> str:
    """Return the first names, as many as fit into some lines, and how many there are beside."""
    count, room = 0, _MOST_LETTERS
    while count < min(len(names), _MOST_NAMES) and (count == 0 or len(names[count]) <= room):
        room -= len(names[count]) + 2
        count += 1
    shown = ", ".join(names[:count])
    return shown if count == len(names) else f"{shown} and {len(names) - count:,} more"
