"""Which action of the menus calls what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from cnn_studio.app.preferences import save_preferences
from cnn_studio.engine.events import EpochWeights, RunFinished, RunPaused
from cnn_studio.ui.manual.opener import ManualOpener

if TYPE_CHECKING:
    from cnn_studio.ui.main_window import MainWindow


def connect_actions(window: MainWindow) -> None:
    """Let the actions of a window call its parts."""
    canvas, space, files = window.workspace.canvas, window.workspace, window.files
    for name, slot in {
        "new_empty": files.new_empty,
        "start_page": lambda: show_start_page(window),
        "open": files.ask_open,
        "open_network": files.browse_networks,
        "save": files.save,
        "save_as": files.save_as,
        "export_picture": window.pictures.ask,
        "copy_picture": window.pictures.copy_now,
        "export_code": space.code.ask_save,
        "export_weights": files.ask_export_weights,
        "quit": window.close,
        "undo": window.undo,
        "redo": window.redo,
        "settings": window.settings.open,
        "find_layer": space.find_layer,
        "arrange": canvas.arrange,
        "freeze_layers": window.tools.freeze_layers,
        "fit": canvas.fit,
        "zoom_to_selection": canvas.zoom_to_selection,
        "actual_size": canvas.actual_size,
        "zoom_in": canvas.zoom_in,
        "zoom_out": canvas.zoom_out,
        "choose_folder": space.choose_folder,
        "train": window.runs.train,
        "pause": window.runs.pause_or_resume,
        "step": window.runs.step_once,
        "stop": window.runs.stop,
        "discard": window.runs.discard,
        "forget_waiting": window.training.forget_waiting,
        "find_rate": window.tools.find_rate,
        "augment": window.tools.augment,
        "try_image": window.tools.try_image,
        "transfer": window.tools.transfer,
        "labs": window.tools.laboratories,
        "show_network": space.enter_network,
        "show_analysis": space.show_analysis,
        "show_code": space.show_code,
        "show_inspect": space.show_inspect,
        "keys": canvas.show_keys,
        "manual": ManualOpener(window).open,
        "tour": window.take_tour,
        "about": window.show_about,
    }.items():
        window.actions_.connect(name, slot)
    versions = window.actions_.versions
    versions.aboutToShow.connect(lambda: files.fill_versions(versions))
    window.tools.project_made.connect(files.take_network)
    window.tools.runs_changed.connect(space.runs_changed)
    window.tools.runs_requested.connect(space.compare_runs)
    _connect_inspect(window)
    _connect_map(window)
    _connect_notice(window)


def show_start_page(window: MainWindow) -> None:
    """Offer the recent projects, the starters and the other ways to begin."""
    from cnn_studio.ui.start_page import StartPage, Way

    def way(name: str) -> Way:
        action = window.actions_.all[name]
        return Way(action.text(), action.toolTip(), action.trigger)

    names = ("open", "choose_folder", "transfer", "new_empty", "open_network", "labs", "tour")
    page = StartPage(window.preferences.recent, [way(name) for name in names], window.training.jobs, window)
    page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    page.project_chosen.connect(window.files.open)
    page.starter_chosen.connect(window.files.new)
    page.open()


def _connect_inspect(window: MainWindow) -> None:
    """Let what is looked into follow the network: its edits, its weights, and the run that waits."""
    page, session = window.workspace.inspect, window.session
    window.ready.connect(page.torch_ready)
    for signal in (session.changed, session.weights_changed, session.replaced):
        signal.connect(page.network_changed)

    def follow(events: list[object]) -> None:
        if any(isinstance(event, RunPaused | RunFinished) for event in events):
            page.network_changed()
        elif any(isinstance(event, EpochWeights) for event in events):
            epoch = window.training.epoch_to_look_into
            if epoch is not None:
                page.show_epoch(epoch)
        control = window.training.control
        if control is not None and page.isVisible():  # nobody else wants the copy that it costs
            control.want_weights()

    window.training.events.connect(follow)
    window.training.data_loaded.connect(page.network_changed)


def _connect_map(window: MainWindow) -> None:
    """Let the menu show the map or not, and remember it."""
    action, corner, preferences = (
        window.actions_.all["minimap"],
        window.workspace.canvas.corner,
        window.preferences,
    )

    def show(is_shown: bool) -> None:
        corner.set_map_shown(is_shown)
        preferences.minimap = is_shown
        save_preferences(preferences)

    action.setChecked(preferences.minimap)
    corner.set_map_shown(preferences.minimap)
    action.toggled.connect(show)


def _connect_notice(window: MainWindow) -> None:
    """Let the menu say whether the desktop tells of the end of a run, and remember it."""
    action, preferences = window.actions_.all["notify"], window.preferences

    def choose(is_wanted: bool) -> None:
        preferences.notify = is_wanted
        save_preferences(preferences)

    action.setChecked(preferences.notify)
    action.toggled.connect(choose)
