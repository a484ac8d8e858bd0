"""The pictures of the transfer wizard: every page on the way from a folder of photographs to a classifier."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.ui.wizard.advice_page import AdvicePage
from cnn_studio.ui.wizard.cut_page import CutPage
from cnn_studio.ui.wizard.data_page import DataPage
from cnn_studio.ui.wizard.explore_page import ExplorePage
from cnn_studio.ui.wizard.freeze_page import FreezePage
from cnn_studio.ui.wizard.how_page import HowPage
from cnn_studio.ui.wizard.page import WizardPage
from cnn_studio.ui.wizard.result_page import ResultPage
from cnn_studio.ui.wizard.run_page import RunPage
from cnn_studio.ui.wizard.source_page import SourcePage
from cnn_studio.ui.wizard.task_page import TaskPage

if TYPE_CHECKING:
    from screenshots import Photographer


def transfer_story(p: Photographer) -> None:
    """Go through the wizard; needs photographs of ants and bees where `CNN_STUDIO_TEST_DATA` says."""
    given = os.environ.get("CNN_STUDIO_TEST_DATA")
    if not given:
        print("no pictures of the wizard: CNN_STUDIO_TEST_DATA is not set")
        return
    p.wait("the digits", lambda: p.window.training.data is not None)
    p.window.tools.transfer()
    wizard = p.window.tools.wizard
    assert wizard is not None
    state = wizard.state

    def shoot(kind: type[WizardPage], name: str, seconds: float = 0.8) -> WizardPage:
        page = wizard.page_of(kind)
        wizard.show_page(wizard.pages.index(page))
        p.settle(seconds)
        p.wait("the page's work", lambda: not state.work.busy, 200)
        p.settle(0.5)
        p.shoot_window(wizard, f"transfer-{name}")
        return page

    shoot(TaskPage, "task-asked")
    data = wizard.page_of(DataPage)
    assert isinstance(data, DataPage)
    wizard.show_page(wizard.pages.index(data))
    data.take_path(Path(given) / "hymenoptera")
    p.wait("the images", lambda: state.report is not None)
    shoot(DataPage, "data")
    shoot(SourcePage, "source", 2.0)
    task = shoot(TaskPage, "task")
    assert isinstance(task, TaskPage)
    task.likeness.start()
    p.wait("the measurement", lambda: state.similarity is not None and not state.work.busy, 200)
    shoot(TaskPage, "task-measured")
    shoot(AdvicePage, "advice")
    shoot(CutPage, "cut")
    shoot(ExplorePage, "explore", 2.0)
    shoot(FreezePage, "freeze")
    shoot(HowPage, "how")
    for strategy in ("svm", "finetune"):
        state.update(strategy=strategy)
        shoot(RunPage, f"review-{strategy}")
        wizard.go_on()
        p.wait("the result", lambda: state.outcome is not None and not state.work.busy, 300)
        shoot(RunPage, f"ran-{strategy}")
        shoot(ResultPage, f"result-{strategy}")
    wizard.close()
