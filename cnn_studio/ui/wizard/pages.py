"""The pages of the transfer wizard in their order."""

from __future__ import annotations

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

PAGES: tuple[type[WizardPage], ...] = (
    DataPage,
    TaskPage,
    SourcePage,
    AdvicePage,
    CutPage,
    ExplorePage,
    FreezePage,
    HowPage,
    RunPage,
    ResultPage,
)
"""Each is made with the wizard's state. What a page needs, those before it give."""
