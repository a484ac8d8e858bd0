"""One problem as a card: what is the matter, and buttons that mend it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from cnn_studio.graph.problems import Fix, Problem
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.elided import ElidedButton, breakable
from cnn_studio.ui.widgets.flow_layout import FlowLayout

_TITLES = {
    "not_tiling": "The filter does not tile the input",
    "window_too_large": "The window is larger than its input",
    "groups_do_not_divide": "The groups do not divide the channels",
    "padding_too_wide": "The padding is too wide",
    "padding_wider_than_map": "The padding is wider than the map",
    "needs_map": "This layer needs maps",
    "needs_map_or_vector": "This layer needs maps or a vector",
    "missing_flatten": "A Flatten layer is missing",
    "merge_mismatch": "The inputs do not fit each other",
    "concat_mismatch": "The inputs do not fit each other",
    "repeated_input": "An input is repeated",
    "connection_out_of_range": "The table names a map that is not there",
    "map_not_seen": "No filter sees this map",
    "single_value": "A single value cannot be normalised",
    "output_padding_too_wide": "Too many extra cells",
    "output_below_one": "Nothing is left of the result",
    "nothing_left": "Nothing is left of the maps",
    "empty_range": "The bounds hold no values",
    "no_such_share": "There is no such share",
    "channels_out_of_range": "The channels are not there",
    "factor_does_not_divide": "The factor does not divide",
    "shape_not_clear": "The new shape is not clear",
    "reshape_mismatch": "The numbers do not fill the new shape",
    "order_does_not_fit": "The order does not fit the axes",
    "unconnected": "Not connected",
    "too_few_inputs": "An input is missing",
    "unknown_layer": "Unknown layer type",
    "cycle": "The network runs in a circle",
    "several_inputs": "A second input",
    "no_input": "No input",
    "no_output": "No output",
    "empty": "Nothing here yet",
    "unused_layer": "Not used",
    "softmax_before_loss": "Softmax before the loss",
    "output_not_vector": "The output is no vector",
    "output_width": "Outputs and classes differ",
}
_FRAMES = {"error": "error-notice", "warning": "notice", "note": "info-notice"}
_LABELS = {"error": "error", "warning": "warning", "note": "strong"}


def problem_title(problem: Problem) -> str:
    """Return the headline of a problem."""
    return _TITLES.get(problem.code, problem.code.replace("_", " ").capitalize())


class ProblemCard(QFrame):
    """A problem with its fixes, under the name of its layer if `is_named`.

    Attributes:
        fix_chosen: emitted with the `Fix` whose button was pressed.
    """

    fix_chosen = Signal(object)

    def __init__(self, problem: Problem, parent: QWidget | None = None, *, is_named: bool = False) -> None:
        super().__init__(parent)
        theme.set_role(self, _FRAMES[problem.severity])
        space = theme.current().space
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.m)))
        layout.setSpacing(theme.px(space.xs))
        name = f"{breakable(problem.path)}: " if is_named and problem.path else ""
        title = QLabel(f"{name}{problem_title(problem)}")
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setWordWrap(True)
        theme.set_role(title, _LABELS[problem.severity])
        font = title.font()
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        # sizes stay in one line: no break beside the multiplication sign
        message = QLabel(breakable(problem.message).replace(" × ", "\u00a0×\u00a0"))
        message.setTextFormat(Qt.TextFormat.PlainText)  # it quotes names from files
        message.setWordWrap(True)
        layout.addWidget(title)
        layout.addWidget(message)
        self._fixes: dict[QPushButton, Fix] = {}
        fixes = problem.fixes
        if fixes:
            row = QWidget()
            flow = FlowLayout(row, theme.px(6))
            for fix in fixes:
                button = ElidedButton(fix.label, "Apply this change; Undo takes it back")
                theme.set_role(button, "fix")
                button.clicked.connect(self._clicked)
                self._fixes[button] = fix
                flow.addWidget(button)
            layout.addSpacing(theme.px(space.xs))
            layout.addWidget(row)

    @property
    def buttons(self) -> list[QPushButton]:
        """The buttons of the fixes, from top to bottom."""
        return list(self._fixes)

    @Slot()
    def _clicked(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self.fix_chosen.emit(self._fixes[button])
