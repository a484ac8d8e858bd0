"""The window of the transfer wizard: steps at the left, a page, and what goes on below it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.drops import dropped_path, is_list
from cnn_studio.ui.widgets.windows import may_end
from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.pages import PAGES
from cnn_studio.ui.wizard.result_page import ResultPage
from cnn_studio.ui.wizard.state import WizardState
from cnn_studio.ui.wizard.steps import StepList

_SIZE = (1180, 780)


class TransferWizard(QWidget):
    """A window of its own beside the main window; closing it keeps all answers.

    Attributes:
        open_requested: with the `Project` that is to be shown in the main window.
        step_changed: with the number of the page that is shown now.
    """

    open_requested = Signal(object)
    step_changed = Signal(int)

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle("Transfer wizard")
        self.setAcceptDrops(True)
        self.state = state
        state.setParent(self)
        self._is_ending = False
        self.pages: list[WizardPage] = [make(state) for make in PAGES]
        self.steps = StepList([page.title for page in self.pages])
        self.heading, self.question, self.reason = (
            text_label(role="title"),
            text_label(role="muted"),
            text_label(),
        )
        self.back, self.next = QPushButton("Back"), QPushButton("Next")
        self.bar, self.doing, self.cancel = QProgressBar(), QLabel(), QPushButton("Cancel")
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self.resize(theme.px(_SIZE[0]), theme.px(_SIZE[1]))
        self.show_page(0)

    def _build(self) -> None:
        space = theme.current().space
        for page in self.pages:
            self._stack.addWidget(page)
        side = QFrame()
        theme.set_role(side, "panel")
        left = QVBoxLayout(side)
        left.setContentsMargins(*(theme.px(n) for n in (space.s, space.l, space.s, space.l)))
        left.addWidget(self.steps)
        self.back.setToolTip("The step before (Alt+Left)")
        theme.set_role(self.next, "primary")
        theme.set_role(self.reason, "muted")
        self.reason.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.px(space.s))
        buttons.addWidget(self.back)
        buttons.addWidget(self.reason, 1)
        buttons.addWidget(self.next)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        theme.set_role(self.doing, "muted")
        self.doing.setTextFormat(Qt.TextFormat.PlainText)
        self.cancel.setToolTip("End what goes on; what is there so far is kept where that makes sense")
        self.footer = QWidget()
        foot = QHBoxLayout(self.footer)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(theme.px(space.m))
        foot.addWidget(self.doing)
        foot.addWidget(self.bar, 1)
        foot.addWidget(self.cancel)
        self.footer.hide()
        line = QFrame()
        theme.set_role(line, "line")
        column = QVBoxLayout()
        column.setContentsMargins(*(theme.px(n) for n in (space.xl, space.l, space.xl, space.l)))
        column.setSpacing(theme.px(space.s))
        column.addWidget(self.heading)
        column.addWidget(self.question)
        column.addSpacing(theme.px(space.xs))
        column.addWidget(self._stack, 1)
        column.addWidget(self.footer)
        column.addWidget(line)
        column.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(side)
        edge = QFrame()
        edge.setFrameShape(QFrame.Shape.NoFrame)
        edge.setFixedWidth(1)
        theme.set_role(edge, "edge")
        layout.addWidget(edge)
        layout.addLayout(column, 1)

    def _connect(self) -> None:
        self.steps.chosen.connect(self.show_page)
        self.back.clicked.connect(self.go_back)
        self.next.clicked.connect(self.go_on)
        self.cancel.clicked.connect(self._end_work)
        self.state.changed.connect(self.refresh)
        self.state.work.progress.connect(self._show_progress)
        self.state.work.busy_changed.connect(self._busy_changed)
        for page in self.pages:
            page.answered.connect(self.refresh)
            page.go_on.connect(self.go_on)
            if isinstance(page, ResultPage):
                page.open_requested.connect(self.open_requested)
        for keys, slot in (("Alt+Left", self.go_back), ("Alt+Right", self.go_on), ("Esc", self.close)):
            QShortcut(QKeySequence(keys), self, slot)

    # ------------------------------------------------------------------------------------------------------- walking

    @property
    def page(self) -> WizardPage:
        """The page that is shown."""
        return self.pages[self._stack.currentIndex()]

    def page_of(self, kind: type[WizardPage]) -> WizardPage:
        """Return the page of a kind."""
        return next(page for page in self.pages if isinstance(page, kind))

    @Slot(int)
    def show_page(self, number: int) -> None:
        """Show a page, or the first one before it that is not answered yet."""
        number = max(0, min(number, self._reached()[0]))
        self._stack.setCurrentIndex(number)
        self.page.enter()
        self.heading.setText(self.page.title)
        self.question.setText(self.page.question)
        self.refresh()
        self.step_changed.emit(number)

    def _reached(self) -> tuple[int, str]:
        """Return the number of the last page that can be shown, and why the next one cannot."""
        for number, page in enumerate(self.pages[:-1]):
            problem = page.problem() or page.pending()
            if problem:
                return number, f"{page.title}: {problem}"
        return len(self.pages) - 1, ""

    @Slot()
    def go_back(self) -> None:
        """Show the step before."""
        self.show_page(self._stack.currentIndex() - 1)

    @Slot()
    def go_on(self) -> None:
        """Do what the page's button says, and show the next step."""
        at = self._stack.currentIndex()
        if self.page.problem() or at == len(self.pages) - 1:
            return
        if self.page.proceed():
            self.show_page(at + 1)

    @Slot()
    def refresh(self) -> None:
        """Bring steps and buttons in step with the answers."""
        at, problem = self._stack.currentIndex(), self.page.problem()
        reached, reason = self._reached()
        self.steps.show_steps(at, max(at, reached), reason)
        self.back.setEnabled(at > 0)
        self.next.setVisible(at < len(self.pages) - 1)
        self.next.setText(self.page.next_text)
        self.next.setEnabled(not problem)
        self.next.setToolTip(problem or f"{self.page.next_text} (Alt+Right)")
        self.reason.setText(problem if at < len(self.pages) - 1 else "")

    # ---------------------------------------------------------------------------------------------------------- work

    @Slot()
    def _end_work(self) -> None:
        """Ask all jobs to end, and say so: what a processor has begun it finishes first."""
        self.state.work.cancel()
        if self.state.work.busy:
            self._is_ending = True
            self.cancel.setEnabled(False)
            self.doing.setText("Ending, once the step that goes on is done")
            self.bar.setRange(0, 0)

    @Slot(str, int, int)
    def _show_progress(self, text: str, done: int, total: int) -> None:
        if self._is_ending:
            return
        amount = f": {done:,} of {total:,}" if total and total < 10**7 else ""
        if total >= 10**7:  # bytes
            amount = f": {done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
        self.doing.setText(f"{text}{amount}")
        # Qt's numbers end at 2 GB
        self.bar.setRange(0, 1000 if total else 0)
        self.bar.setValue(1000 * done // total if total else 0)

    @Slot()
    def _busy_changed(self) -> None:
        busy = self.state.work.busy
        self._is_ending = False
        self.cancel.setEnabled(True)
        self.footer.setVisible(bool(busy))
        self.refresh()

    def may_close(self) -> bool:
        """Ask about a run or a download that goes on, if there is one; return whether to close."""
        busy = self.state.work.costly
        return not busy or may_end(self, busy[-1].title, "Your answers are kept in any case.")

    # -------------------------------------------------------------------------------------------------------- events

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_close():
            event.ignore()
            return
        self._end_work()
        event.accept()

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        path = dropped_path(event)
        if path is not None and (path.is_dir() or is_list(path)):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        from cnn_studio.ui.wizard.data_page import DataPage

        path = dropped_path(event)
        if path is None:
            return
        event.acceptProposedAction()
        page = self.page_of(DataPage)
        self.show_page(self.pages.index(page))
        if isinstance(page, DataPage):
            page.take_path(path)
