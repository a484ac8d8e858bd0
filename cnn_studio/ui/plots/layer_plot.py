"""Gradient norm or update ratio of every layer over the run: as lines, or as a map of layers and time."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QButtonGroup, QPushButton, QWidget

from cnn_studio.engine.events import GradientsMeasured
from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.colors import layer_color, value_ramp
from cnn_studio.ui.plots.gradient_bars import power_text, value_text
from cnn_studio.ui.plots.header import Part
from cnn_studio.ui.plots.painted import LEFT, RIGHT, PaintedPlot, elided

if TYPE_CHECKING:
    from cnn_studio.ui.plots.layer_history import LayerHistory
    from cnn_studio.ui.plots.series import Floats

Quantity = Literal["norm", "ratio"]
View = Literal["lines", "map"]

_EMPTY = "Press Train (Ctrl+T) to see how each layer learns over time"
_TITLES = {"norm": "Gradient norm", "ratio": "Update ratio"}
_MANY = 24  # layers; more are easier to tell apart in a map
_COLUMNS = 240
_MOST_DECADES = 9.0
_HEALTHY = -3.0
_NEAR = 12  # pixels within which the mouse means a line


class LayerHistoryPlot(PaintedPlot):
    """One line per layer, blue for the first to amber for the last, or one row per layer, dark where it is large."""

    def __init__(self, clock: RepaintClock, parent: QWidget | None = None) -> None:
        self._histories: dict[Quantity, LayerHistory] = {}
        self._steps_per_epoch = 1
        self._quantity: Quantity = "norm"
        self._view: View | None = None  # None: whatever suits the number of layers
        self._families: Mapping[str, str] = {}
        self._with_norms = False
        self._layer: int | None = None  # under the mouse, among those that are shown
        self._place: float | None = None  # the measurement under the mouse, as a share of the width
        super().__init__("Layers over time", _EMPTY, clock, parent)
        self.norms_action = self.menu.add_check(
            "With normalisation layers",
            "Their gradients are small by nature and hide the trend",
            self.set_with_norms,
        )
        self._quantities = self._choice(
            (("norm", "Gradient", "Length of the loss gradient of each layer: a layer far below the others hardly learns"),
             ("ratio", "Update ratio", "Length of a step divided by the length of the weights. About 0.001 is healthy")),
            self._quantity_clicked,
        )  # fmt: skip
        self._views = self._choice(
            (("lines", "Lines", "One line per layer over the run"),
             ("map", "Map", "One row per layer, the first at the top; readable for hundreds of layers")),
            self._view_clicked,
        )  # fmt: skip
        self._check()

    def _choice(
        self, entries: Sequence[tuple[str, str, str]], slot: Callable[[str], None]
    ) -> dict[str, QPushButton]:
        group = QButtonGroup(self)
        buttons = {}
        for key, text, tip in entries:
            button = QPushButton(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            theme.set_role(button, "segment")
            group.addButton(button)
            self.top.insertWidget(self.top.count() - 1, button)
            button.clicked.connect(_calls(slot, key))
            buttons[key] = button
        return buttons

    def _check(self) -> None:
        self._quantities[self._quantity].setChecked(True)
        self._views[self.view].setChecked(True)

    def _quantity_clicked(self, key: str) -> None:
        self.set_quantity("ratio" if key == "ratio" else "norm")

    def _view_clicked(self, key: str) -> None:
        self.set_view("map" if key == "map" else "lines")

    # ----------------------------------------------------------------------------------------------------- content

    def start(self, steps_per_epoch: int) -> None:
        """Begin a new run."""
        self.clear()
        self._steps_per_epoch = max(1, steps_per_epoch)

    def clear(self) -> None:
        """Show the empty state again."""
        for history in self._histories.values():
            history.clear()
        self._layer = self._place = None
        self.request()

    def add(self, event: GradientsMeasured) -> None:
        """Take a measurement."""
        if not self._histories:
            from cnn_studio.ui.plots.layer_history import LayerHistory  # numpy: nothing for the first paint

            self._histories = {"norm": LayerHistory(), "ratio": LayerHistory()}
        self._histories["norm"].add(event.step, event.norms)
        if event.ratios:
            self._histories["ratio"].add(event.step, event.ratios)
        self.request()

    def set_quantity(self, quantity: Quantity) -> None:
        """Show the gradient's norm or the update ratio."""
        self._quantity = quantity
        self._layer = None
        self._check()
        self.repaint_now()

    def set_families(self, families: Mapping[str, str]) -> None:
        """Say what kind of layer each is: family key by layer path."""
        self._families = dict(families)
        self.request()

    @Slot(bool)
    def set_with_norms(self, on: bool) -> None:
        """Show normalisation layers too, or only those with filters and units."""
        self._with_norms = on
        self._layer = None
        self.norms_action.setChecked(on)
        self.repaint_now()

    def set_view(self, view: View | None) -> None:
        """Show lines or a map; None: whatever suits the number of layers."""
        self._view = view
        self._layer = None
        self._check()
        self.repaint_now()

    @property
    def quantity(self) -> Quantity:
        """What is shown."""
        return self._quantity

    @property
    def view(self) -> View:
        """How it is shown."""
        if self._view is not None:
            return self._view
        return "map" if len(self._paths) > _MANY else "lines"

    @property
    def _history(self) -> LayerHistory | None:
        return self._histories.get(self._quantity)

    @property
    def _chosen(self) -> list[int]:
        """Which of the measured layers are shown; all where there are none but normalisation layers."""
        paths = () if self._history is None else self._history.paths
        every = list(range(len(paths)))
        if self._with_norms:
            return every
        return [at for at in every if self._families.get(paths[at]) != "normalisation"] or every

    @property
    def _paths(self) -> tuple[str, ...]:
        return () if self._history is None else tuple(self._history.paths[at] for at in self._chosen)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured yet."""
        return not self._history

    def repaint_now(self) -> None:
        """Show all that has come since the last time; called by the clock."""
        self._check()
        super().repaint_now()

    def parts(self) -> tuple[Part, ...]:
        """Return what the line above says: the layer under the mouse, or what the colours mean."""
        history = self._history
        if history is None or not len(history):
            return ()
        paths, chosen = self._paths, self._chosen
        if self._layer is not None and self._layer < len(paths):
            at = len(history) - 1 if self._place is None else round(self._place * (len(history) - 1))
            at = min(max(at, 0), len(history) - 1)
            value = value_text(float(history.values[at, chosen[self._layer]]))
            epoch = history.steps[at] / self._steps_per_epoch
            return (Part(f"{paths[self._layer]}: {value} at epoch {epoch:.2f}"),)
        if self.view == "map":
            low, high = self._range(history.logarithms()[:, chosen])
            return (Part(f"{value_text(10**low)} faint to {value_text(10**high)} strong"),)
        last = len(paths) - 1
        first = Part(paths[0], layer_color(0, last + 1).name())
        return (first, Part(paths[last], layer_color(last, last + 1).name())) if last else (first,)

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the numbers as CSV: one row per measurement, one column per layer."""
        import numpy as np

        history = self._history
        paths = () if history is None else history.paths
        steps = np.zeros(0) if history is None else history.steps.copy()
        values = np.zeros((0, 0)) if history is None else history.values.copy()

        def make() -> str:
            out = io.StringIO()
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["step", *paths])
            for step, row in zip(steps.tolist(), values.tolist(), strict=True):
                writer.writerow([f"{step:.0f}", *(f"{value:.6g}" for value in row)])
            return out.getvalue()

        return make

    # ---------------------------------------------------------------------------------------------------- painting

    def _range(self, logs: Floats) -> tuple[float, float]:
        """Return the lowest and highest power of ten that the plot reaches, `_MOST_DECADES` apart at most."""
        import numpy as np

        good = logs[np.isfinite(logs)]
        if not len(good):
            return -1.0, 0.0
        low, high = float(good.min()), float(good.max())
        if self._quantity == "ratio":
            low, high = min(low, _HEALTHY - 0.3), max(high, _HEALTHY + 0.3)
        low = max(low, high - _MOST_DECADES)
        return (low, high) if high - low > 0.3 else (low - 0.2, high + 0.2)

    def _area(self, area: QRectF) -> QRectF:
        small = QFontMetricsF(theme.ui_font(theme.current().type.caption))
        left = float(theme.px(52))
        if self.view == "map":
            widest = max((small.horizontalAdvance(path) for path in self._paths), default=0.0)
            left = min(widest, 0.3 * area.width()) + theme.px(8)
        return area.adjusted(left, theme.px(4), -theme.px(4), -small.height() - theme.px(6))

    def paint(self, painter: QPainter, area: QRectF, exposed: QRectF) -> None:
        """Paint lines or map with their axes."""
        del exposed
        history = self._history
        if history is None:
            return
        inside = self._area(area)
        steps, logs = history.thinned(_COLUMNS)
        logs = logs[:, self._chosen]
        low, high = self._range(logs)
        if self.view == "map":
            self._paint_map(painter, inside, logs, low, high)
        else:
            self._paint_levels(painter, inside, low, high)
            self._paint_lines(painter, inside, steps, logs, low, high)
            if self._quantity == "ratio":
                self._paint_healthy(painter, inside, low, high)
        self._paint_epochs(painter, inside, float(steps[0]), float(steps[-1]))

    def _paint_levels(self, painter: QPainter, inside: QRectF, low: float, high: float) -> None:
        painter.setFont(theme.ui_font(theme.current().type.caption))
        metrics = QFontMetricsF(painter.font())
        stride = max(1, math.ceil((high - low) * metrics.height() * 1.3 / max(1.0, inside.height())))
        for power in range(math.ceil(low), math.floor(high) + 1):
            if power % stride:
                continue
            y = inside.bottom() - (power - low) / (high - low) * inside.height()
            painter.setPen(QPen(theme.qcolor("line"), 1))
            painter.drawLine(QPointF(inside.left(), y), QPointF(inside.right(), y))
            painter.setPen(theme.qcolor("muted"))
            line = QRectF(0, y - metrics.height() / 2, inside.left() - theme.px(6), metrics.height())
            painter.drawText(line, RIGHT, power_text(power))

    @staticmethod
    def _paint_healthy(painter: QPainter, inside: QRectF, low: float, high: float) -> None:
        """Draw where a healthy layer is, over the lines and readable on them."""
        y = inside.bottom() - (_HEALTHY - low) / (high - low) * inside.height()
        painter.setPen(QPen(theme.qcolor("ok"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(inside.left(), y), QPointF(inside.right(), y))
        painter.setFont(theme.ui_font(theme.current().type.caption, theme.current().type.medium))
        metrics = QFontMetricsF(painter.font())
        word = QRectF(
            inside.left() + theme.px(6),
            y - metrics.height() / 2,
            metrics.horizontalAdvance("healthy") + theme.px(8),
            metrics.height(),
        )
        painter.fillRect(word, theme.qcolor("panel"))
        painter.drawText(word, Qt.AlignmentFlag.AlignCenter, "healthy")

    def _paint_lines(
        self, painter: QPainter, inside: QRectF, steps: Floats, logs: Floats, low: float, high: float
    ) -> None:
        import numpy as np
        from pyqtgraph.functions import arrayToQPath

        span = max(float(steps[-1] - steps[0]), 1e-9)
        x = inside.left() + (steps - steps[0]) / span * inside.width()
        y = inside.bottom() - (np.clip(logs, low, high) - low) / (high - low) * inside.height()
        painter.save()
        painter.setClipRect(inside.adjusted(-2, -2, 2, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        count = logs.shape[1]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, count * len(x) < 6000)
        order = [at for at in range(count) if at != self._layer]
        for at in [*order, *(() if self._layer is None or self._layer >= count else (self._layer,))]:
            color = layer_color(at, count)
            color.setAlphaF(1.0 if self._layer in (None, at) else 0.35)
            painter.setPen(QPen(color, theme.px(3) if at == self._layer else 1.2))
            if len(x) == 1:
                painter.drawPoint(QPointF(float(x[0]), float(y[0, at])))
            else:
                painter.drawPath(arrayToQPath(x, np.ascontiguousarray(y[:, at]), connect="finite"))
        painter.restore()

    def _paint_map(self, painter: QPainter, inside: QRectF, logs: Floats, low: float, high: float) -> None:
        import numpy as np

        share = np.where(np.isfinite(logs), (logs - low) / (high - low), 0.0)
        pixels = np.ascontiguousarray(
            value_ramp()[np.clip(share * 255, 0, 255).astype(np.uint8)].transpose(1, 0, 2)
        )
        rows, columns = pixels.shape[:2]
        image = QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(inside, image)
        font = theme.ui_font(theme.current().type.caption)
        metrics = QFontMetricsF(font)
        height = inside.height() / rows
        stride = max(1, math.ceil(metrics.height() * 0.95 / height))
        for at, path in enumerate(self._paths):
            if at % stride and at != self._layer:
                continue
            line = QRectF(
                0,
                inside.top() + (at + 0.5) * height - metrics.height() / 2,
                inside.left() - theme.px(6),
                metrics.height(),
            )
            painter.setPen(theme.qcolor("text" if at == self._layer else "muted"))
            painter.drawText(line, RIGHT, elided(painter, font, path, line.width()))
        if self._layer is not None and self._layer < rows:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.qcolor("warning"), 1))
            painter.drawRect(
                QRectF(inside.left(), inside.top() + self._layer * height, inside.width(), height)
            )

    def _paint_epochs(self, painter: QPainter, inside: QRectF, first: float, last: float) -> None:
        painter.setFont(theme.ui_font(theme.current().type.caption))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(theme.qcolor("muted"))
        line = QRectF(inside.left(), inside.bottom() + theme.px(3), inside.width(), metrics.height())
        painter.drawText(line, LEFT, f"epoch {first / self._steps_per_epoch:.3g}")
        painter.drawText(line, RIGHT, f"{last / self._steps_per_epoch:.3g}")

    # ------------------------------------------------------------------------------------------------------- mouse

    def hover(self, at: QPointF | None, area: QRectF) -> None:
        """Name the layer under the mouse."""
        before = self._layer
        self._layer, self._place = (None, None) if at is None or self.is_empty else self._found(at, area)
        self.header.set_parts(() if self.is_empty else self.parts())
        if self._layer != before:
            self.body.update()

    def _found(self, at: QPointF, area: QRectF) -> tuple[int | None, float | None]:
        import numpy as np

        history = self._history
        inside = self._area(area)
        if history is None or not inside.contains(at):
            return None, None
        share = (at.x() - inside.left()) / inside.width()
        count = len(self._paths)
        if self.view == "map":
            return min(count - 1, int((at.y() - inside.top()) / inside.height() * count)), share
        steps, logs = history.thinned(_COLUMNS)
        logs = logs[:, self._chosen]
        low, high = self._range(logs)
        row = int(np.argmin(np.abs(steps - (steps[0] + share * (steps[-1] - steps[0])))))
        y = inside.bottom() - (np.clip(logs[row], low, high) - low) / (high - low) * inside.height()
        far = np.where(np.isfinite(y), np.abs(y - at.y()), np.inf)
        layer = int(np.argmin(far))
        return (layer, share) if far[layer] <= theme.px(_NEAR) else (None, None)


def _calls(slot: Callable[[str], None], key: str) -> Callable[[], None]:
    def called() -> None:
        slot(key)

    return called
