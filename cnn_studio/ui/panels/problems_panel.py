"""The list of all problems: choose one to jump to its layer, or mend it at once."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.session import Session
from cnn_studio.core.errors import StudioError
from cnn_studio.graph.problems import Fix, Problem
from cnn_studio.ui import theme
from cnn_studio.ui.panels.lazy_refresh import LazyRefresh
from cnn_studio.ui.panels.problem_card import problem_title
from cnn_studio.ui.widgets.clear import clear_layout

_ICONS = {"error": "error", "warning": "warning", "note": "info"}
_COLORS = {"error": "error", "warning": "warning", "note": "accent"}
_WIDEST_NAME = 180
_MOST_ROWS = 200
_INTERVAL_MS = 60


class ProblemsPanel(QWidget):
    """All problems, errors first.

    Attributes:
        layer_chosen: emitted with the id of the layer to go to.
        message: emitted with a sentence when a fix was refused.
    """

    layer_chosen = Signal(int)
    message = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: tuple[Problem, ...] | None = None
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, theme.px(4), 0, theme.px(4))
        layout.addLayout(self._rows)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        # rows and their fixes take some milliseconds: not while a slider is dragged, and not where nobody looks
        self._refresher = LazyRefresh(self, self.refresh, _INTERVAL_MS)
        session.changed.connect(self._document_changed)
        session.replaced.connect(self._refresher.request)

    def _document_changed(self, change: object) -> None:
        self._refresher.request()

    @Slot()
    def refresh(self) -> None:
        """Show the problems as they are now."""
        problems = self._session.report().problems
        if problems == self._shown:
            return
        self._shown = problems
        clear_layout(self._rows)
        if not problems:
            label = QLabel("No problems: every shape fits, and the network can be trained.")
            theme.set_role(label, "muted")
            label.setContentsMargins(*(theme.px(n) for n in (16, 12, 16, 12)))
            self._rows.addWidget(label)
        rank = {"error": 0, "warning": 1, "note": 2}
        ordered = sorted(problems, key=lambda problem: rank[problem.severity])
        rows = [ProblemRow(problem) for problem in ordered[:_MOST_ROWS]]
        named = min(theme.px(_WIDEST_NAME), max((row.path.sizeHint().width() for row in rows), default=0))
        for row in rows:
            row.path.setMinimumWidth(named)  # the sentences stand below one another
            row.chosen.connect(self.layer_chosen)
            row.fix_chosen.connect(self._fix)
            self._rows.addWidget(row)
        if len(ordered) > _MOST_ROWS:
            self._rows.addWidget(QLabel(f"and {len(ordered) - _MOST_ROWS} more"))

    @Slot(object)
    def _fix(self, fix: Fix) -> None:
        try:
            self._session.apply_fix(fix)
        except StudioError as error:
            self.message.emit(str(error))


class ProblemRow(QFrame):
    """One problem: icon, layer, sentence, and its mildest fix.

    Attributes:
        path: where the problem is.
        chosen: emitted with the id of the problem's layer.
        fix_chosen: emitted with the `Fix` whose button was pressed.
    """

    chosen = Signal(int)
    fix_chosen = Signal(object)

    def __init__(self, problem: Problem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problem = problem
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{problem.severity} {problem.path}: {problem_title(problem)}")
        if problem.layer_id is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setToolTip(f"Go to {problem.path}")
        icon = QLabel()
        size = theme.px(theme.current().space.icon)
        icon.setPixmap(
            theme.icon(_ICONS[problem.severity], _COLORS[problem.severity]).pixmap(QSize(size, size))
        )
        icon.setToolTip(problem.severity)
        self.path = path = QLabel(problem.path or "network")
        path.setMinimumWidth(theme.px(72))
        theme.set_role(path, "strong")
        message = QLabel(problem.message)
        message.setWordWrap(True)
        message.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        message.setAlignment(Qt.AlignmentFlag.AlignTop)
        path.setContentsMargins(0, theme.px(3), 0, 0)  # the first lines level with the button's text
        icon.setContentsMargins(0, theme.px(3), 0, 0)
        message.setContentsMargins(0, theme.px(3), 0, 0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (16, 6, 16, 6)))
        layout.setSpacing(theme.px(10))
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(path, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(message, 1)
        fixes = problem.fixes
        self._fix = fixes[0] if fixes else None
        if self._fix is not None:
            button = QPushButton(self._fix.label)
            theme.set_role(button, "fix")
            button.setToolTip("Apply this change; Undo takes it back. The inspector shows all ways out.")
            button.clicked.connect(self._clicked)
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    @Slot()
    def _clicked(self) -> None:
        self.fix_chosen.emit(self._fix)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the layer."""
        self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the layer on Enter or space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        else:
            super().keyPressEvent(event)

    def _choose(self) -> None:
        if self._problem.layer_id is not None:
            self.chosen.emit(self._problem.layer_id)
