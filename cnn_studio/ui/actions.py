"""The window's actions: menus, toolbar and keys, all from one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolButton

from cnn_studio.graph.starters import STARTERS
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.window_menus import direction_menu, fill_edit, fill_network
from cnn_studio.ui.theme import Mode

if TYPE_CHECKING:
    from cnn_studio.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class _Entry:
    """One action: its key in `Actions.all`, what the menu says, its keys, its icon and its help."""

    name: str
    text: str
    keys: str
    help: str
    icon: str = ""


_ENTRIES = (
    _Entry("new_empty", "Empty network", "Ctrl+Alt+N", "Begin with nothing and build a network of your own"),
    _Entry("start_page", "Start page…", "Alt+Home", "Projects of before, starter networks, and the other ways to begin"),
    _Entry("open", "Open…", "Ctrl+O", "Open a project", "open"),
    _Entry("open_network", "Open torchvision network…", "Ctrl+Shift+N", "Open a network of torchvision or timm as one of your own"),
    _Entry("export_picture", "Picture…", "Ctrl+Shift+P", "Save what the canvas shows as SVG, PNG or PDF", "image"),
    _Entry("copy_picture", "Copy picture", "Ctrl+Shift+C", "Put what the canvas shows on the clipboard, as pixels and as SVG"),
    _Entry("export_code", "PyTorch code…", "", "Save the network as a Python file that needs PyTorch alone"),
    _Entry("export_weights", "Weights…", "", "Save the weights under the names that the code has: .safetensors, .pt or .npz"),
    _Entry("save", "Save", "Ctrl+S", "Save the project with its trained weights", "save"),
    _Entry("save_as", "Save as…", "Ctrl+Shift+S", "Save the project under another name"),
    _Entry("quit", "Quit", "Ctrl+Q", "Close the program"),
    _Entry("undo", "Undo", "Ctrl+Z", "Take the last edit back", "undo"),
    _Entry("redo", "Redo", "Ctrl+Shift+Z", "Carry out again what was undone", "redo"),
    _Entry("settings", "Settings…", "Ctrl+,", "Theme, caches, downloads and what else the program remembers", "settings"),
    _Entry("find_layer", "Add a layer…", "Ctrl+K", "Search a layer and put it behind the selected one", "search"),
    _Entry("arrange", "Arrange", "Ctrl+Shift+A", "Put all layers in order, from top to bottom", "arrange"),
    _Entry("freeze_layers", "Freeze layers…", "Ctrl+Shift+F", "Choose which layers learn and which keep their weights", "snowflake"),
    _Entry("fit", "Fit", "Ctrl+0", "Show the whole network", "fit"),
    _Entry("zoom_to_selection", "Zoom to selection", "Ctrl+9", "Show the selected layers as large as they fit"),
    _Entry("actual_size", "100 %", "Ctrl+8", "Show the network at 100 %"),
    _Entry("zoom_in", "Zoom in", "Ctrl++", "Show the network larger", "zoom-in"),
    _Entry("zoom_out", "Zoom out", "Ctrl+-", "Show more of the network", "zoom-out"),
    _Entry("minimap", "Map", "", "Show a map in the corner while the network is larger than the view"),
    _Entry("choose_folder", "Open a folder of images…", "Ctrl+Shift+O", "Train on your own images: one folder per class", "folder"),
    _Entry("train", "Train", "Ctrl+T", "Train the network", "play"),
    _Entry("pause", "Pause", "Ctrl+P", "Wait after this batch, or go on", "pause"),
    _Entry("step", "One batch", "F10", "Take one batch and wait: the run pauses after it"),
    _Entry("stop", "Stop", "Ctrl+.", "End the run after this batch and keep its best weights", "stop"),
    _Entry("discard", "Stop and discard", "", "End the run after this batch and keep nothing of it, neither weights nor curves"),
    _Entry("forget_waiting", "Forget waiting runs", "", "Let the runs that wait for their turn not start"),
    _Entry("find_rate", "Find a learning rate…", "Ctrl+Shift+L", "Train a copy with a rising rate and look where the loss falls fastest"),
    _Entry("augment", "Augmentation…", "", "Change every training image at random, new in each epoch, and see how"),
    _Entry("try_image", "Try an image…", "Ctrl+I", "See what the trained or paused network says of an image"),
    _Entry("notify", "Say when a run ends", "", "Show a message of the desktop when a run ends while another window is in front"),
    _Entry("transfer", "Transfer wizard…", "Ctrl+Shift+W", "Carry a trained network over to your own images, step by step", "transfer"),
    _Entry("show_network", "Network", "Ctrl+1", "Show the network"),
    _Entry("show_analysis", "Analysis", "Ctrl+2", "Show sizes, parameters and costs of every layer"),
    _Entry("show_code", "Code", "Ctrl+3", "Show the network as PyTorch code"),
    _Entry("show_inspect", "Inspect", "Ctrl+4", "See what every layer makes of an image"),
    _Entry("labs", "Laboratories…", "Ctrl+Shift+E", "Prepared experiments: a question, your prediction, real runs, and what was seen"),
    _Entry("manual", "Manual", "Shift+F1", "The ideas behind it, and every layer with a picture; opens at the selected layer"),
    _Entry("tour", "Tour", "", "A few cards that say what the parts of the window are for"),
    _Entry("keys", "Keys…", "F1", "Show what the keys and the mouse do"),
    _Entry("about", "About CNN Studio", "", "Version and licence"),
)  # fmt: skip


class Actions(QObject):
    """Makes the actions of a window and keeps them in step with it.

    Attributes:
        all: the actions by name.
        ways: the menu of where the network runs to.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.all: dict[str, QAction] = {}
        self._themes: dict[Mode, QAction] = {}
        for entry in _ENTRIES:
            action = QAction(entry.text, window)
            if entry.keys:
                action.setShortcut(QKeySequence(entry.keys))
            keys = f" ({entry.keys})" if entry.keys else ""
            action.setToolTip(f"{entry.help}{keys}")
            if entry.icon:
                theme.bind_icon(action, entry.icon, "on_accent" if entry.name == "train" else "text")
            self.all[entry.name] = action
        for name in ("minimap", "notify"):
            self.all[name].setCheckable(True)
        self.ways = direction_menu(window.workspace.canvas, window)
        # the keys of a second habit
        self.all["redo"].setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        self.all["zoom_in"].setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])

    def connect(self, name: str, slot: Callable[[], object]) -> None:  # type: ignore[override]  # not Qt's static one
        """Let an action call a method of the window."""
        self.all[name].triggered.connect(slot)

    def build_menus(self, bar: QMenuBar, starters: Callable[[str], None]) -> None:
        """Fill the menu bar; `starters` is called with the name of a starter network."""
        file = bar.addMenu("&File")
        self._add(file, "start_page")
        self._starter_menu(file, starters)
        self._add(file, "open", "open_network")
        self.recent = file.addMenu("Open recent")
        self._add(file, "-", "save", "save_as")
        self.versions = file.addMenu("Earlier versions")
        self.export = file.addMenu("Export")
        self._add(self.export, "export_picture", "export_code", "export_weights")
        self._add(file, "-", "quit")
        edit = bar.addMenu("&Edit")
        self._add(edit, "undo", "redo", "-")
        canvas = self._window.workspace.canvas
        fill_edit(edit, canvas)
        self._add(edit, "-", "copy_picture", "-", "settings")
        view = bar.addMenu("&View")
        self._add(view, "show_network", "show_analysis", "show_code", "show_inspect", "-")
        self._add(view, "fit", "zoom_to_selection", "actual_size", "zoom_in", "zoom_out", "minimap", "-")
        self._theme_menu(view)
        network = bar.addMenu("&Network")
        self._add(network, "find_layer", "arrange")
        network.addMenu(self.ways)
        fill_network(network, canvas)
        self._add(network, "-", "freeze_layers")
        self.data = bar.addMenu("&Data")
        self._add(self.data, "choose_folder")
        run = bar.addMenu("&Run")
        self._add(run, "train", "pause", "step", "stop", "discard", "forget_waiting", "-")
        self._add(run, "find_rate", "augment", "-", "try_image", "-", "notify")
        self._add(bar.addMenu("&Transfer"), "transfer")
        self._add(bar.addMenu("&Help"), "manual", "tour", "labs", "-", "keys", "about")

    def _add(self, menu: QMenu, *names: str) -> None:
        for name in names:
            if name == "-":
                menu.addSeparator()
            else:
                menu.addAction(self.all[name])

    def _starter_menu(self, file: QMenu, starters: Callable[[str], None]) -> None:
        self.starters = menu = file.addMenu("New from starter")
        theme.bind_icon(menu, "new")
        menu.setToolTipsVisible(True)
        self._add(menu, "new_empty", "-")
        groups: dict[str, QMenu] = {"": menu}
        for starter in STARTERS:
            if starter.group not in groups:
                groups[starter.group] = menu.addMenu(starter.group)
                groups[starter.group].setToolTipsVisible(True)
            action = groups[starter.group].addAction(starter.title)
            action.setToolTip(starter.help)
            action.triggered.connect(partial(starters, starter.name))
        next(a for a in menu.actions() if a.text() == STARTERS[0].title).setShortcut(QKeySequence("Ctrl+N"))

    def _theme_menu(self, view: QMenu) -> None:
        menu = view.addMenu("Theme")
        group = QActionGroup(self)
        modes: tuple[tuple[Mode, str], ...] = (
            ("system", "As the system"),
            ("light", "Light"),
            ("dark", "Dark"),
        )
        for mode, text in modes:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(theme.manager().mode == mode)
            action.triggered.connect(partial(self._window.set_theme, mode))
            group.addAction(action)
            self._themes[mode] = action
        theme.manager().changed.connect(self._show_theme)

    @Slot()
    def _show_theme(self) -> None:
        self._themes[theme.manager().mode].setChecked(True)

    def show_recent(self, paths: list[str], opened: Callable[[Path], None]) -> None:
        """Fill the menu of recent projects."""
        self.recent.clear()
        self.recent.setEnabled(bool(paths))
        for name in paths:
            path = Path(name)
            action = self.recent.addAction(f"{path.stem}    {path.parent}")
            action.triggered.connect(partial(opened, path))

    def tool_button(self, name: str, *, with_text: bool = True, role: str = "") -> QToolButton:
        """Return a button for the toolbar that follows an action."""
        button = QToolButton()
        button.setDefaultAction(self.all[name])
        styles = Qt.ToolButtonStyle
        button.setToolButtonStyle(styles.ToolButtonTextBesideIcon if with_text else styles.ToolButtonIconOnly)
        button.setAccessibleName(self.all[name].text())
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if role:
            theme.set_role(button, role)
        return button
