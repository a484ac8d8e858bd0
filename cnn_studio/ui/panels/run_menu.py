"""A menu of the runs that kept a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu

from cnn_studio.app.run_summary import RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.core.errors import StudioError
from cnn_studio.ui.widgets.slots import without_argument
from cnn_studio.ui.wizard.source_work import run_text

_MOST = 20


def fill_run_menu(menu: QMenu, store: RunStore, choose: Callable[[RunSummary], object]) -> None:
    """List the newest runs in a menu; where they cannot be read, or there are none, it says so."""
    menu.clear()
    try:
        runs = [run for run in store.runs() if store.project_file(run.id).is_file()]
    except StudioError as error:
        menu.addAction(str(error)).setEnabled(False)
        return
    for run in runs[:_MOST]:
        action = menu.addAction(run_text(run).replace("&", "&&"))
        action.triggered.connect(without_argument(partial(choose, run)))
    if not runs:
        menu.addAction("No run has kept a network yet").setEnabled(False)
