"""What the window says of a published network: its numbers, and who stated its accuracy."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnn_studio.transfer.sources import ALWAYS_HERE, find_source
from cnn_studio.ui.panels.network_table import NetworkTable
from cnn_studio.ui.wizard.source_work import card_facts


def test_the_card_names_the_source_of_its_accuracy(qtbot: QtBot) -> None:
    said = card_facts(find_source(ALWAYS_HERE))
    assert (
        "4,652,008 parameters · 392 M MAC · 75.1 % top-1 on ImageNet (stated by Google for its float32"
        in said
    )
    assert "weights by Google, converted by ML Illustrated" in said
    assert "accuracy not published with these weights" in card_facts(find_source("timm:resnet18"))
    assert "69.8 % top-1 on ImageNet ·" in card_facts(find_source("torchvision:resnet18"))


def test_the_table_says_it_under_the_mouse(qtbot: QtBot) -> None:
    table = NetworkTable(("name", "accuracy", "params"))
    qtbot.addWidget(table)
    names = (ALWAYS_HERE, "timm:resnet18", "torchvision:resnet18")
    table.set_cards([find_source(name) for name in names], ())
    model = table.model()
    tips = [model.index(row, 1).data(Qt.ItemDataRole.ToolTipRole) for row in range(3)]
    assert tips[0].startswith("75.1 %, stated by Google")
    assert tips[1] == "No accuracy is published with these weights"
    assert tips[2] == "69.8 %, stated by torchvision"
    assert [model.index(row, 2).data() for row in range(3)] == ["4.7 M", "11.7 M", "11.7 M"]
