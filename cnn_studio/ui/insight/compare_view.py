"""Two networks and one image: what each says and where it looked, side by side, also while one draws."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.ui import theme
from cnn_studio.ui.insight.heat_picture import HeatPicture
from cnn_studio.ui.insight.other_network import OtherButton, OtherNetwork
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.subject import Subject
from cnn_studio.ui.panels.lazy_refresh import LazyRefresh
from cnn_studio.ui.widgets.elided import ElidedLabel
from cnn_studio.ui.widgets.guess_bars import GuessBars
from cnn_studio.ui.widgets.hint import hint_label
from cnn_studio.ui.widgets.scrolled import scrolled

if TYPE_CHECKING:
    from cnn_studio.insight.comparing import Opinion
    from cnn_studio.insight.maps import Look, LookInside

_WAIT_MS = 20
_LEAST_SIDE = 110
_HINT = (
    "Choose a second network: another project, a run, this network before training, or a pre-trained one. Both look at "
    "the same image, also while you draw."
)
_ABOUT = "Heat: what speaks for each network's own first answer, by Grad-CAM."


@dataclass(frozen=True, eq=False)
class Compared:
    """What the network of the page and the other one say of one image.

    Attributes:
        look: what the network of the page saw.
        here, there: their opinions.
        subject: that image.
        notes: what to know of the other one's weights and of the image as it got it, as sentences.
    """

    look: Look
    subject: Subject
    here: Opinion
    there: Opinion
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Opened:
    other: OtherNetwork
    network: LookInside
    notes: tuple[str, ...]


class OpinionColumn:
    """One network: its name, the image with heat, its likeliest classes; in a column of a grid, so that two are level."""

    def __init__(self, grid: QGridLayout, column: int) -> None:
        self.title, self.note = ElidedLabel(), QLabel()
        self.picture, self.bars = HeatPicture(), GuessBars()
        theme.set_role(self.title, "strong")
        theme.set_role(self.note, "small")
        self.note.setWordWrap(True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        for label in (self.title, self.note):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.picture.setMinimumSize(theme.px(_LEAST_SIDE), theme.px(_LEAST_SIDE))
        self.bars.setMinimumHeight(self.bars.sizeHint().height())
        for row, widget in enumerate((self.title, self.picture, self.bars, self.note)):
            grid.addWidget(widget, row, column)
        grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)

    def show_opinion(self, title: str, opinion: Opinion, notes: tuple[str, ...] = ()) -> None:
        """Show what a network says."""
        self.title.setText(title)
        self.picture.show_heat(opinion.image, opinion.heat)
        self.bars.show_guesses(opinion.guesses)
        said = f"Heat in {opinion.place}." if opinion.place else "It has no layer with maps, so no heat."
        if opinion.is_empty:
            said = f"Nothing in {opinion.place} speaks for it."
        self.note.setText(" ".join([said, *notes]))


class CompareView(QWidget):
    """Shows two opinions; the other network is opened once, and asked whenever the image or the network changes.

    Attributes:
        compared: what is shown; None before there is another network or an image.
    """

    def __init__(
        self,
        state: InsightState,
        store: RunStore,
        start: Callable[[], Project | None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._state = state
        self.compared: Compared | None = None
        self._other: OtherNetwork | None = None
        self._opened: _Opened | None = None
        self._is_behind = False
        self._asks = threading.Lock()  # the other network is used by one thread at a time
        self._line = state.line(self)
        self.choose = OtherButton(store, start)
        self.sentence, self.about, self.hint = QLabel(), QLabel(_ABOUT), hint_label(_HINT)
        self._build()
        self.choose.chosen.connect(self.compare_with)
        self._line.told.connect(self._take)
        state.looked.connect(self._request)
        self._lazy = LazyRefresh(self, self._refresh, _WAIT_MS)
        self._show(None, _HINT)

    def _build(self) -> None:
        space = theme.current().space
        theme.set_role(self.about, "small")
        for label in (self.sentence, self.about):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        head = QHBoxLayout()
        head.setSpacing(theme.px(space.m))
        head.addWidget(self.choose)
        head.addWidget(self.sentence, 1)
        head.addStretch(0)
        self.body = QWidget()
        pair = QGridLayout(self.body)
        pair.setContentsMargins(0, 0, 0, 0)
        pair.setHorizontalSpacing(theme.px(space.l))
        pair.setVerticalSpacing(theme.px(space.s))
        self.here, self.there = OpinionColumn(pair, 0), OpinionColumn(pair, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(head)
        self._area = scrolled(self.body)  # in a low window nothing may lie on anything
        layout.addWidget(self._area, 1)
        layout.addWidget(self.about)
        layout.addWidget(self.hint, 1)

    @Slot(object)
    def compare_with(self, other: OtherNetwork) -> None:
        """Ask another network from now on."""
        self._other, self._opened = other, None
        self._line.drop()
        self._show(None, f"Opening {other.title}…")
        self._request()

    @Slot()
    def _request(self) -> None:
        self._lazy.request()

    def _refresh(self) -> None:
        look, subject, other = self._state.look, self._state.subject, self._other
        if other is None:
            return
        if look is None or subject is None:
            self._line.drop()
            self._show(None, "There is no image to compare with yet.")
            return
        if (
            self._line.is_busy
        ):  # drawing is faster than two networks: what is under way is finished, then the latest
            self._is_behind = True
            return
        opened = self._opened

        def work(job: Job) -> None:
            from cnn_studio.app.inspecting import look_inside
            from cnn_studio.insight.comparing import opinion, opinion_of

            with self._asks:
                job.control.check()
                at = opened
                if at is None:
                    at = _Opened(other, *look_inside(other.open()))
                    job.report(at)
                fitted = subject.read(at.network)
                there = opinion_of(at.network, fitted.pixels)
                with self._state.using:  # no longer than that: whoever draws waits for it
                    here = opinion(look)
            notes = (*at.notes, fitted.about) if fitted.about else at.notes
            job.report(Compared(look, subject, here, there, notes))

        self._line.start(f"Comparing with {other.title}", work)

    @Slot(object)
    def _take(self, event: object) -> None:
        match event:
            case _Opened():
                self._opened = event
            case Compared():
                self._show(event)
            case JobEnded("failed", message):
                self._is_behind = False
                self._show(None, message)
            case JobEnded():
                if self._is_behind:
                    self._is_behind = False
                    self._refresh()

    def _show(self, compared: Compared | None, hint: str = "") -> None:
        self.compared = compared
        for widget in (self._area, self.about, self.sentence):
            widget.setVisible(compared is not None)
        self.hint.setVisible(compared is None)
        self.hint.setText(hint)
        if compared is None or self._other is None:
            return
        from cnn_studio.insight.comparing import agreement

        titles = compared.look.network.document.info.name, self._other.title
        self.here.show_opinion(titles[0], compared.here, self._state.notes)
        self.there.show_opinion(titles[1], compared.there, compared.notes)
        self.sentence.setText(agreement(titles, (compared.here, compared.there)))

    def close_work(self) -> None:
        """End what goes on."""
        self._line.drop()
