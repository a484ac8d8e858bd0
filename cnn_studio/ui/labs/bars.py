"""The results of an experiment as bars in groups, each as soon as its run is over."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.app.labs.lab import ArmResult, Lab, percent
from cnn_studio.app.labs.running import ArmFinished, ArmStarted
from cnn_studio.ui import theme
from cnn_studio.ui.labs.curves import BEFORE
from cnn_studio.ui.plots.colors import RUN_TOKENS

_TITLE = "Validation images that are right, with the 95 % confidence interval"
_GAP, _MARK, _AXIS = 8, 10, 44
_MOST_WIDE = 64
"""Width of a bar in pixels, where there is room."""
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class LabBars(QWidget):
    """A bar for each run, those of one group side by side, in the colour of their series."""

    def __init__(self, lab: Lab, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lab = lab
        self._groups = list(dict.fromkeys(arm.group for arm in lab.arms))
        self._series = list(dict.fromkeys(arm.series for arm in lab.arms))
        self.results: dict[str, ArmResult] = {}
        self._under_way = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(theme.px(170))
        self.setAccessibleName(_TITLE)
        theme.manager().changed.connect(self.update)

    def clear(self) -> None:
        """Forget all runs."""
        self.results = {}
        self._changed("")

    def take(self, event: object) -> None:
        """Show what an event of an experiment says; others are passed over."""
        match event:
            case ArmStarted(name=name):
                self._changed(name)
            case ArmFinished(result):
                if result.val_accuracy is not None:
                    self.results[result.name] = result
                self._changed("")

    def _changed(self, under_way: str) -> None:
        self._under_way = under_way
        said = (f"{name} {percent(one.val_accuracy or 0.0)}" for name, one in self.results.items())
        self.setAccessibleDescription(", ".join(said))
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(640), theme.px(260))

    # ----------------------------------------------------------------------------------------------------- painting

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = theme.ui_font(theme.current().type.small)
        painter.setFont(small)
        line = QFontMetrics(small).height()
        self._paint_legend(painter, line)
        top = float(2 * line + theme.px(2 * _GAP) + line)  # room for the value above a full bar
        area = QRectF(
            theme.px(_AXIS), top, self.width() - theme.px(_AXIS), self.height() - top - line - theme.px(_GAP)
        )
        self._paint_axis(painter, area, line)
        if not self.results and not self._under_way:
            painter.setPen(theme.qcolor("muted"))
            between = area.adjusted(0, area.height() / 4, 0, -area.height() / 2)  # two lines of the axis
            painter.drawText(between, Qt.AlignmentFlag.AlignCenter, BEFORE)
        for name, place in self._places(area):
            self._paint_bar(painter, name, place, area, line)
        self._paint_groups(painter, area, line)
        painter.end()

    def _paint_legend(self, painter: QPainter, line: int) -> None:
        painter.setPen(theme.qcolor("muted"))
        title = painter.fontMetrics().elidedText(_TITLE, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QRectF(0, 0, self.width(), line), Qt.AlignmentFlag.AlignLeft, title)
        left, top, mark = 0.0, float(line + theme.px(_GAP) // 2), theme.px(_MARK)
        for number, series in enumerate(self._series):
            painter.fillRect(
                QRectF(left, top + (line - mark) / 2, mark, mark), theme.qcolor(RUN_TOKENS[number])
            )
            left += mark + theme.px(_GAP)
            width = painter.fontMetrics().horizontalAdvance(series) + 1
            painter.setPen(theme.qcolor("text"))
            painter.drawText(QRectF(left, top, width, line), Qt.AlignmentFlag.AlignLeft, series)
            left += width + theme.px(2 * _GAP)

    def _paint_axis(self, painter: QPainter, area: QRectF, line: int) -> None:
        for share in _TICKS:
            y = area.bottom() - share * area.height()
            painter.setPen(QPen(theme.qcolor("line"), 1))
            painter.drawLine(int(area.left()), int(y), int(area.right()), int(y))
            painter.setPen(theme.qcolor("muted"))
            place = QRectF(0, y - line / 2, area.left() - theme.px(_GAP), line)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, f"{100 * share:.0f} %")

    def _places(self, area: QRectF) -> Iterator[tuple[str, QRectF]]:
        """Yield each arm with the full height of its bar."""
        each = area.width() / len(self._groups)
        wide = min(theme.px(_MOST_WIDE), 0.8 * each / len(self._series))
        for arm in self._lab.arms:
            middle = area.left() + each * (self._groups.index(arm.group) + 0.5)
            at = self._series.index(arm.series) - len(self._series) / 2
            yield arm.name, QRectF(middle + at * wide, area.top(), wide, area.height())

    def _paint_bar(self, painter: QPainter, name: str, place: QRectF, area: QRectF, line: int) -> None:
        from cnn_studio.engine.classification import wilson_interval

        inner = place.adjusted(theme.px(4), 0, -theme.px(4), 0)
        result = self.results.get(name)
        if result is None:
            if name == self._under_way:
                painter.setPen(QPen(theme.qcolor("accent"), theme.px(2), Qt.PenStyle.DashLine))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(inner)
            return
        share = result.val_accuracy or 0.0
        low, high = wilson_interval(round(share * result.num_val), result.num_val)
        arm = next(arm for arm in self._lab.arms if arm.name == name)
        bar = QRectF(
            inner.left(), area.bottom() - share * area.height(), inner.width(), share * area.height()
        )
        painter.fillRect(bar, theme.qcolor(RUN_TOKENS[self._series.index(arm.series)]))
        ends = [int(area.bottom() - edge * area.height()) for edge in (low, high)]
        middle, wing = int(inner.center().x()), theme.px(4)
        painter.setPen(QPen(theme.qcolor("text"), theme.px(1)))
        painter.drawLine(middle, ends[0], middle, ends[1])
        for end in ends:
            painter.drawLine(middle - wing, end, middle + wing, end)
        above = QRectF(place.left() - place.width(), ends[1] - line - 2, 3 * place.width(), line)
        painter.drawText(above, Qt.AlignmentFlag.AlignHCenter, f"{100 * share:.1f}")

    def _paint_groups(self, painter: QPainter, area: QRectF, line: int) -> None:
        painter.setPen(theme.qcolor("text"))
        each = area.width() / len(self._groups)
        for number, group in enumerate(self._groups):
            place = QRectF(area.left() + number * each, area.bottom() + theme.px(4), each, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter, group)
