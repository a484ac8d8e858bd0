"""The pages of the transfer wizard in their order."""

from __future__ import annotations

from cnn_studio.ui.wizard.advice_page import AdvicePage
from cnn_studio.ui.wizard.page import WizardPage
from cnn_studio.ui.wizard.task_page import TaskPage

PAGES: tuple[type[WizardPage], ...] = (
    TaskPage,
    AdvicePage,
)
"""Each is made with the wizard's state. What a page needs, those before it give."""
