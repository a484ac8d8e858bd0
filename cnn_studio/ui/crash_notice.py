"""Offers the report of a program that ended by a fault, the next time one is started."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout

from cnn_studio.app.logbook import CrashReport, find_crashes
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.strip import Strip


class CrashNotice(QObject):
    """A strip that says that a program crashed, and shows or copies what it left.

    Attributes:
        reports: what crashed programs left, the latest first.
    """

    def __init__(self, strip: Strip, parent: QObject) -> None:
        super().__init__(parent)
        self._strip = strip
        self.reports: list[CrashReport] = []
        strip.add_button("Show report", "What each part of the program was doing then", self.show_report)
        strip.add_button(
            "Copy report",
            "Copy it with versions, machine and log, for whoever mends the fault",
            self.copy_report,
        )
        strip.closed.connect(self._forget)
        strip.hide()

    def look(self) -> None:
        """Show the strip if there is a report."""
        self.reports = find_crashes()
        if self.reports:
            when = datetime.fromtimestamp(self.reports[0].seconds)
            self._strip.label.setText(
                f"CNN Studio ended by a fault on {when:%d %B at %H:%M}. A report was kept on this machine; nobody else "
                "has it."
            )
            self._strip.show()

    @Slot()
    def copy_report(self) -> None:
        """Copy the latest report with the diagnostics."""
        from cnn_studio.ui.about_dialog import copy_diagnostics

        copy_diagnostics("", self.reports[0].text())
        self._strip.label.setText("The report is on the clipboard. Closing this strip deletes it here.")

    @Slot()
    def show_report(self) -> None:
        """Show the latest report in a window of its own."""
        report = self.reports[0]
        dialog = QDialog(self._strip.window())
        dialog.setWindowTitle("What the program was doing")
        dialog.resize(theme.px(720), theme.px(480))
        text = QPlainTextEdit(report.text())
        text.setReadOnly(True)
        text.setAccessibleName("Report")
        theme.set_role(text, "mono")
        place = QLabel(str(report.file))
        theme.set_role(place, "small")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(dialog.close)
        layout = QVBoxLayout(dialog)
        layout.addWidget(text, 1)
        layout.addWidget(place)
        layout.addWidget(buttons)
        dialog.open()

    @Slot()
    def _forget(self) -> None:
        while self.reports:
            self.reports.pop().forget()
