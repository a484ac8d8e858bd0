"""The status line: problems, parameters, cost, memory, and whether everything is saved."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar, QWidget

from cnn_studio.app.session import Session
from cnn_studio.engine.memory import available_memory, training_memory
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.ui import theme


class _Clickable(QLabel):
    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


class StatusLine(QStatusBar):
    """What a person needs to know at any time.

    Attributes:
        problems_clicked: the count of problems was clicked.
    """

    problems_clicked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setSizeGripEnabled(False)
        self._problems = _Clickable()
        self._problems.setToolTip("Show the list of problems")
        self._problems.clicked.connect(self.problems_clicked)
        self._numbers = QLabel()
        self._numbers.setToolTip(
            "Parameters of the network, multiply-accumulate operations for one image, and the memory that training "
            "takes beside what is free on this machine"
        )
        self._saved = QLabel()
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(theme.px(12), 0, theme.px(12), 0)
        layout.setSpacing(theme.px(14))
        layout.addWidget(self._problems)
        layout.addWidget(self._numbers)
        layout.addStretch(1)
        layout.addWidget(self._saved)
        self.addWidget(row, 1)

    def refresh(self) -> None:
        """Show the network as it is now."""
        report = self._session.report()
        self._problems.setText(problems_text(report))
        role = "error" if report.count("error") else "warning" if report.count("warning") else "ok"
        theme.set_role(self._problems, role)
        numbers = self._session.analysis()
        known = "" if report.ok else "at least "  # layers behind an error have no numbers yet
        parts = [f"{known}{numbers.total.params:,} parameters", f"{macs_text(numbers.total.macs)} per image"]
        memory = training_memory(numbers, self._session.settings)
        free = available_memory()
        if memory is not None:
            fits = free is None or memory.total <= free
            of = f" of {bytes_text(free)}" if free is not None else ""
            parts.append(f"{'fits' if fits else 'too large'}: {bytes_text(memory.total)}{of}")
        self._numbers.setText("  ·  ".join(parts))

    def show_saved(self, when: datetime | None) -> None:
        """Show whether and when the project was saved."""
        if self._session.is_modified:
            self._saved.setText("changed since it was saved" if when else "not saved")
        else:
            self._saved.setText(f"saved {when:%H:%M}" if when else "")


def problems_text(report: ShapeReport) -> str:
    """Return the counts of problems in words."""
    counts = [
        (report.count("error"), "error"),
        (report.count("warning"), "warning"),
        (report.count("note"), "note"),
    ]
    parts = [f"{n} {name}{'' if n == 1 else 's'}" for n, name in counts if n]
    if not counts[0][0] and not counts[1][0]:
        return "✓ ok" + (f", {parts[0]}" if parts else "")
    return "▲ " + ", ".join(parts)


def macs_text(macs: int) -> str:
    """Return a number of operations with two or three figures, such as ``0.42 M MAC``."""
    for size, unit in ((10**9, "G"), (10**5, "M")):
        if macs >= size:
            scaled = macs / (10**9 if unit == "G" else 10**6)
            return f"{scaled:.2f} {unit} MAC" if scaled < 10 else f"{scaled:,.0f} {unit} MAC"
    return f"{macs:,} MAC"


def bytes_text(count: int) -> str:
    """Return a number of bytes as people read it, such as ``14 MB``."""
    for size, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= size:
            scaled = count / size
            return f"{scaled:.1f} {unit}" if scaled < 10 and unit == "GB" else f"{scaled:,.0f} {unit}"
    return f"{count} bytes"
