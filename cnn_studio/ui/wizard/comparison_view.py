"""A comparison of ways to transfer, while it runs and when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnn_studio.app.comparing import Comparison, WayFinished, WayStarted
from cnn_studio.app.jobs import JobEnded, Progress
from cnn_studio.app.transferring import StageStarted
from cnn_studio.engine.events import EpochDone, RunStarted
from cnn_studio.transfer.verdict import judge
from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.colors import RUN_TOKENS
from cnn_studio.ui.plots.live_plot import LivePlot
from cnn_studio.ui.plots.plot_menu import PlotMenu
from cnn_studio.ui.plots.spec import Overlay, PlotSpec
from cnn_studio.ui.wizard.comparison_table import WayRow, WayTable, paint_table, table_csv, table_size

VALIDATION = PlotSpec(
    "Validation accuracy",
    "right, %",
    "accuracy",
    "percent",
    "The accuracy after each epoch is drawn here for each way that trains; classifiers on codes have no epochs",
    smooth=False,
)
_NOTHING = "Nothing has been compared yet."
_GAP = 12
_PLOT = 190


@dataclass(slots=True)
class _Curve:
    """Validation accuracies of one way, over the epochs of all its steps."""

    epochs: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    before: float = 0.0  # epochs of the steps before this one
    seconds_before: float = 0.0

    def next_run(self) -> None:
        """Go on with another run of the same way, as gradual unfreezing has."""
        if self.epochs:
            self.before, self.seconds_before = self.epochs[-1], self.seconds[-1]

    def add(self, event: EpochDone) -> None:
        """Add an epoch."""
        self.epochs.append(self.before + event.epoch)
        self.values.append(event.val_accuracy)
        self.seconds.append(self.seconds_before + event.seconds)


class ComparisonView(QWidget):
    """A row per way, a curve per way that trains, and the verdict. `take` is given the events of a comparison.

    Attributes:
        message: what was copied or written, or why not.
    """

    message = Signal(str)

    def __init__(self, clock: RepaintClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[WayRow] = []
        self._curves: dict[int, _Curve] = {}
        self._at = -1
        self.heading, self.verdict = QLabel(self.title), QLabel(_NOTHING)
        theme.set_role(self.heading, "strong")
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict.setAccessibleName("Verdict")
        self.table = WayTable()
        self.plot = LivePlot(VALIDATION, clock)
        self.plot.setMinimumHeight(theme.px(_PLOT))
        self.menu = PlotMenu(self, self)
        for menu in (self.menu, self.plot.menu):
            menu.message.connect(self.message)
        top = QHBoxLayout()
        top.addWidget(self.heading, 1)
        top.addWidget(self.menu)
        space = theme.current().space
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(top)
        layout.addWidget(self.table)
        layout.addWidget(self.verdict)
        layout.addWidget(self.plot, 1)

    @property
    def title(self) -> str:
        """What the table shows."""
        return "Comparison of ways"

    @property
    def rows(self) -> tuple[WayRow, ...]:
        """The ways as they are now."""
        return tuple(self._rows)

    # ---------------------------------------------------------------------------------------------------------- events

    def start(self, names: Sequence[str] = ()) -> None:
        """Forget what there was; the ways to come wait in the table."""
        self._rows = [WayRow(name, _color(at)) for at, name in enumerate(names)]
        self._curves.clear()
        self._at = -1
        self.verdict.setText("" if names else _NOTHING)
        self._show_rows()
        self._show_curves()

    def take(self, event: object) -> None:
        """Show what an event of a comparison says; others are passed over."""
        match event:
            case WayStarted():
                self._begin(event)
            case Progress(text, done, total):
                self.show_progress(text, done, total)
            case StageStarted(number, total):
                self._note(f"step {number} of {total}")
            case RunStarted():
                self._run_started(event)
            case EpochDone():
                self._add_epoch(event)
            case WayFinished():
                self._finish(self._at, event)
                self._show_verdict("So far: ")
            case Comparison():
                self.show_comparison(event)
            case JobEnded(status, message) if status == "failed":
                self.verdict.setText(message)
                self._halt()
            case JobEnded():
                self._halt()

    def show_comparison(self, found: Comparison) -> None:
        """Show a comparison that is over; curves are of the events that were taken."""
        names = [way.compared.name for way in found.ways]
        if [row.name for row in self._rows[: len(names)]] != names:
            self.start(names)
        for at, way in enumerate(found.ways):
            self._finish(at, way)
        best = found.best
        for at, way in enumerate(found.ways):
            self._rows[at] = replace(self._rows[at], is_best=best is not None and way.outcome is best)
        self._halt()
        stopped = "It was stopped before all ways had been tried. " if found.is_cut_short else ""
        self.verdict.setText(stopped + " ".join(found.verdict))

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Say in the row of the way that runs what goes on."""
        self._note(f"{text}: {done:,} of {total:,}" if total else text)

    def _begin(self, event: WayStarted) -> None:
        if event.number == 1 and [row.state for row in self._rows] != ["waiting"] * len(self._rows):
            self.start()
        self._at = event.number - 1
        while len(self._rows) <= self._at:
            self._rows.append(WayRow("", _color(len(self._rows))))
        self._rows[self._at] = WayRow(event.name, _color(self._at), "running", "begins")
        self._curves[self._at] = _Curve()
        self._show_rows()

    def _run_started(self, event: RunStarted) -> None:
        if self._at < 0:
            return
        self._curves[self._at].next_run()
        self._rows[self._at] = replace(self._rows[self._at], trainable=event.trainable_params)
        self._note(f"epoch 1 of {event.num_epochs}")

    def _add_epoch(self, event: EpochDone) -> None:
        if self._at < 0:
            return
        self._curves[self._at].add(event)
        self._note(f"epoch {event.epoch}: {100 * event.val_accuracy:.1f} %")
        self._show_curves()

    def _note(self, text: str) -> None:
        if 0 <= self._at < len(self._rows) and self._rows[self._at].state == "running":
            self._rows[self._at] = replace(self._rows[self._at], note=text)
            self._show_rows()

    def _finish(self, at: int, event: WayFinished) -> None:
        if not 0 <= at < len(self._rows):
            return
        one, outcome = event.compared, event.outcome
        learned = outcome.trainable if outcome is not None and outcome.project is not None else None
        failed = one.right is None
        self._rows[at] = replace(
            self._rows[at],
            name=one.name,
            state="failed" if failed else "done",
            note=one.message if failed else "",
            compared=one,
            trainable=learned,
        )
        self._show_rows()

    def _halt(self) -> None:
        """Nothing runs any more."""
        self._at = -1
        self._rows = [
            replace(row, state="waiting", note="was not tried")
            if row.state in ("waiting", "running")
            else row
            for row in self._rows
        ]
        self._show_rows()

    # --------------------------------------------------------------------------------------------------------- showing

    def _show_rows(self) -> None:
        self.table.set_rows(self._rows)

    def _show_verdict(self, before: str) -> None:
        found = [row.compared for row in self._rows if row.compared is not None]
        self.verdict.setText(before + " ".join(judge(found)) if found else "")

    def _show_curves(self) -> None:
        overlays = [
            Overlay(
                self._rows[at].name,
                _color(at),
                curve.epochs,
                curve.values,
                curve.seconds,
                1.0,
                list(zip(curve.epochs, curve.values, strict=True)),
            )
            for at, curve in sorted(self._curves.items())
            if curve.epochs
        ]
        self.plot.set_overlays(overlays)

    # ---------------------------------------------------------------------------------------------------------- export

    def figure_size(self) -> QSize:
        """Return how large the table's picture is."""
        size = table_size(self._rows)
        return QSize(
            size.width() + 2 * 16, size.height() + self._verdict_height(size.width()) + _GAP + 2 * 16
        )

    def _verdict_height(self, width: float) -> int:
        metrics = QFontMetricsF(theme.ui_font())
        room = QRectF(0, 0, width, 10_000)
        return round(metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, self.verdict.text()).height()) + 8

    def paint_figure(self, painter: QPainter, area: QRectF) -> None:
        """Paint the table and the verdict into a picture, in the colours of now."""
        high = table_size(self._rows).height()
        paint_table(painter, QRectF(area.left(), area.top(), area.width(), high), self._rows)
        painter.setFont(theme.ui_font())
        painter.setPen(theme.qcolor("text"))
        below = area.adjusted(0, high + _GAP, 0, 0)
        painter.drawText(below, Qt.TextFlag.TextWordWrap, self.verdict.text())

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the numbers as CSV, one line per way."""
        rows = self.rows
        return lambda: table_csv(rows)


def _color(at: int) -> str:
    return RUN_TOKENS[at % len(RUN_TOKENS)]
