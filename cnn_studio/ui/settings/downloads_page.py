"""Where published weights are fetched from."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from cnn_studio.app.weight_download import mirrored
from cnn_studio.core.errors import ParameterError
from cnn_studio.ui import theme
from cnn_studio.ui.settings.page import SettingsContext, SettingsPage
from cnn_studio.ui.wizard.page import text_label

_EXAMPLE = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
_ABOUT = (
    "Used in place of the publishers' hosts (download.pytorch.org, huggingface.co, github.com) whenever you let the program "
    "fetch the weights of a network, in the transfer wizard or with cnn-studio sources --download. What comes is checked as "
    "ever. Data sets are not fetched from it. Leave it empty to ask the publishers."
)


class DownloadsPage(SettingsPage):
    """The address of a mirror, checked while it is typed."""

    title = "Downloads"
    icon = "import"

    def __init__(self, context: SettingsContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.mirror = QLineEdit(context.preferences.weights_mirror)
        self.mirror.setPlaceholderText("https://mirror.example.org/folder")
        self.mirror.setClearButtonEnabled(True)
        self.mirror.setMaxLength(2000)
        self.mirror.setAccessibleName("Mirror of published weights")
        self.mirror.textChanged.connect(self._typed)
        self.said = text_label(role="muted")
        self.section("Mirror of published weights", self.mirror, self.said, about=_ABOUT)
        self.body.addStretch(1)
        self._say(context.preferences.weights_mirror)

    @Slot(str)
    def _typed(self, text: str) -> None:
        """Save what is an address, and say of the rest that it is none."""
        if self._say(text):
            self.context.change(weights_mirror=text.strip())

    def _say(self, text: str) -> bool:
        try:
            address = mirrored(_EXAMPLE, text)
        except ParameterError as error:
            kept = self.context.preferences.weights_mirror
            now = f"Still in use: {kept}" if kept else "Still in use: the publishers' hosts"
            self.said.setText(f"{error} {now}.")
            theme.set_role(self.said, "error")
            return False
        self.said.setText(f"ResNet-18 comes from {address}")
        theme.set_role(self.said, "muted")
        return True
