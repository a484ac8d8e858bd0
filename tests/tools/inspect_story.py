"""The pictures of looking inside: a trained LeNet-5 on a digit and on a drawing, and a pre-trained network on a photograph."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from cnn_studio.app.sources import open_source

if TYPE_CHECKING:
    from screenshots import Photographer

VIEWS = ("maps", "written-out", "where-it-looked", "filters", "depths", "compare")


def inspect_story(p: Photographer) -> None:
    """Train LeNet-5 and look inside; the photograph needs `CNN_STUDIO_TEST_DATA`."""
    window = p.window
    p.wait("the digits", lambda: window.training.data is not None)
    window.runs.train()
    p.wait("the run", lambda: window.training.is_training)
    p.wait("its end", lambda: not window.training.is_training, 200)
    window.workspace.show_inspect()
    p.wait("the page", lambda: window.workspace.inspect.page is not None)
    page = window.workspace.inspect.page
    assert page is not None
    p.wait("the look", lambda: page.state.look is not None)

    def views(path: str, cell: tuple[int, int, int], name: str) -> None:
        look = page.state.look
        assert look is not None
        page.state.choose_layer(look.network.document.layer_at(path).id)
        page.state.choose_cell(cell)
        for number, view in enumerate(VIEWS):
            page.show_view(number)
            p.settle(1.5)
            p.shoot(f"inspect-{name}-{view}")
        page.show_view(0)

    page.compare.choose.take_source("efficientnet_lite0")
    views("C3", (15, 4, 5), "lenet")
    page.image.draw.click()
    page.image.pad.stroke(QPointF(140, 40), QPointF(140, 240))
    p.settle(1.0)
    p.shoot("inspect-drawing")
    page.compare.choose.before.trigger()
    page.show_view(VIEWS.index("compare"))
    p.settle(1.5)
    p.shoot("inspect-drawing-compared")
    given = os.environ.get("CNN_STUDIO_TEST_DATA")
    if not given:
        print("no photograph: CNN_STUDIO_TEST_DATA is not set")
        return
    window.session.replace(open_source("efficientnet_lite0").project)
    photograph = next(Path(given, "imagenet-samples").glob("*zebra*"))
    page.image.show_file(photograph)
    p.wait("the look", lambda: page.state.look is not None and len(page.state.look.layers) > 50)
    views("conv_stem", (3, 40, 50), "photograph")
