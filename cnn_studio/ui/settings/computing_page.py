"""What computes, what was measured on it, and whether the end of a run is told."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from cnn_studio.app.tuned import forget_tunings, num_tunings
from cnn_studio.ui import theme
from cnn_studio.ui.settings.page import SettingsContext, SettingsPage, action_check, facts

_ABOUT = (
    "Threads and precision are measured per network, the fastest way is taken and remembered. Device, precision and Exact "
    "float32 can be set for each run, in the panel Training."
)


class ComputingPage(SettingsPage):
    """The device, the measured speeds and the message at the end of a run."""

    title = "Computing"
    icon = "chart"

    def __init__(self, context: SettingsContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.device, self.known = QLabel(), QLabel()
        self.forget = QPushButton("Measure anew")
        self.forget.setToolTip("Forget how networks computed fastest here; their next runs measure it again")
        self.forget.clicked.connect(self._forget)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.known, 1)
        line.addWidget(self.forget)
        self.section("Speed", facts(("Device", self.device), ("Measured", row)), about=_ABOUT)
        self.notify = action_check(
            context.actions["notify"], "Say when a run ends while another window is in front"
        )
        self.section("Runs", self.notify)
        self.body.addStretch(1)
        self.enter()

    def enter(self) -> None:
        """Show what is known now."""
        self.device.setText(self.context.device() or "PyTorch is being loaded")
        count = num_tunings()
        self.known.setText(f"{count:,} network{'s' if count > 1 else ''}" if count else "nothing yet")
        theme.set_role(self.known, "" if count else "muted")
        self.forget.setEnabled(count > 0)

    @Slot()
    def _forget(self) -> None:
        forget_tunings()
        self.enter()
