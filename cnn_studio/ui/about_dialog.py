"""About the program: its version and licence, what it consists of, and what somebody who looks for a fault needs."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Slot, qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

import cnn_studio
from cnn_studio.app.licences import own_licence, shipped_packages
from cnn_studio.app.logbook import diagnostics
from cnn_studio.app.places import logs_folder
from cnn_studio.resources import resource_path
from cnn_studio.ui import theme

_ICON = 56
_NO_TEXT = "No text of the licence comes with this package."
_WHAT = "Build convolutional networks by drag and drop, train them while you watch, carry them over to your own images."
_DATA = (
    "The digits are from the UCI Machine Learning Repository (E. Alpaydin, C. Kaynak), CC BY 4.0. Nothing that you do here "
    "leaves this machine: the program asks no server for anything unless you press a button for it."
)


class AboutDialog(QDialog):
    """Says what the program is and what it is made of.

    Attributes:
        packages: the program first, then every package it needs.
        licence: the text of the chosen one's licence.
        copy: copies versions, machine and the end of the log.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About CNN Studio")
        self.resize(theme.px(760), theme.px(560))
        space = theme.current().space
        self.packages = QTreeWidget()
        self.packages.setHeaderLabels(["Package", "Version", "Licence"])
        self.packages.setRootIsDecorated(False)
        self.packages.setUniformRowHeights(True)
        self.packages.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.packages.setAccessibleName("What the program consists of")
        self.licence = QPlainTextEdit()
        self.licence.setReadOnly(True)
        self.licence.setAccessibleName("Text of the licence")
        theme.set_role(self.licence, "mono")
        self._all = (own_licence(), *shipped_packages())
        items = []
        for package in self._all:
            item = QTreeWidgetItem([package.name, package.version, package.licence])
            item.setToolTip(2, package.licence)
            items.append(item)
        self.packages.addTopLevelItems(items)
        self.packages.currentItemChanged.connect(self._show_licence)
        self.packages.setColumnWidth(0, theme.px(230))
        self.packages.setColumnWidth(1, theme.px(110))
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.packages)
        split.addWidget(self.licence)
        split.setSizes([theme.px(220), theme.px(160)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(space.l),) * 4)
        layout.setSpacing(theme.px(space.m))
        layout.addLayout(self._head())
        layout.addWidget(split, 1)
        layout.addWidget(self._buttons())
        self.packages.setCurrentItem(items[0])

    def _head(self) -> QHBoxLayout:
        icon, name, what, data = (
            QLabel(),
            QLabel(f"CNN Studio {cnn_studio.__version__}"),
            QLabel(_WHAT),
            QLabel(_DATA),
        )
        side = theme.px(_ICON)
        icon.setPixmap(QIcon(str(resource_path("icons/cnn-studio.svg"))).pixmap(side, side))
        theme.set_role(name, "title")
        theme.set_role(data, "small")
        words = QVBoxLayout()
        for label in (name, what, data):
            label.setWordWrap(True)
            words.addWidget(label)
        head = QHBoxLayout()
        head.setSpacing(theme.px(theme.current().space.l))
        head.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        return head

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy diagnostics", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip(
            "Versions, this machine and the end of the log, for whoever helps you with a fault"
        )
        self.copy.clicked.connect(self._copy)
        folder = buttons.addButton("Open log folder", QDialogButtonBox.ButtonRole.ActionRole)
        folder.setToolTip(str(logs_folder()))
        folder.clicked.connect(self._open_folder)
        buttons.rejected.connect(self.close)
        return buttons

    @Slot()
    def _show_licence(self) -> None:
        package = self._all[self.packages.currentIndex().row()]
        self.licence.setPlainText(package.text or _NO_TEXT)

    @Slot()
    def _copy(self) -> None:
        copy_diagnostics()
        self.copy.setText("Copied")

    @Slot()
    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs_folder())))


def copy_diagnostics(*more: str) -> None:
    """Put versions, machine and the end of the log on the clipboard.

    Args:
        more: what goes along, such as the report of a crash.
    """
    screens = ", ".join(
        f"{screen.size().width()} x {screen.size().height()} at {screen.devicePixelRatio():g}"
        for screen in QGuiApplication.screens()
    )
    window = f"Qt {qVersion()} on {QGuiApplication.platformName()}, screens: {screens}"
    QGuiApplication.clipboard().setText(diagnostics(window, *more))
