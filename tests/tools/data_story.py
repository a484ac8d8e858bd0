"""The pictures of importing data: a folder with everything wrong with it, its report, known sets, a moved folder."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.project import starter_project
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.starters import find_starter
from tests.helpers.bad_files import write_bad_folder
from tests.helpers.images import write_picture

if TYPE_CHECKING:
    from screenshots import Photographer


def data_story(p: Photographer) -> None:
    """Go through the states of importing."""
    window, space = p.window, p.window.workspace
    panel = space.data
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "Insekten"
        write_bad_folder(root)
        write_picture(root / "Käfer" / "stray.gif", seed=3)
        (root / "bee 蜂" / "copy.png").write_bytes((root / "bee 蜂" / "03 ü.png").read_bytes())
        (root / "bee 蜂" / "wrong.png").write_bytes((root / "Käfer" / "05 ü.png").read_bytes())
        window.session.replace(starter_project(find_starter("small-cnn")))
        p.wait("PyTorch", lambda: window.loader.is_ready)
        space.restore_sizes({"rows": [420, 420]})
        space.source_chosen.emit(DataSource(kind="folder", folder=str(root), test_fraction=0.1))
        p.wait("the images", lambda: window.training.data is not None)
        p.wait("the report", lambda: not panel.jobs.is_reporting and bool(panel.view.report.cards))
        p.shoot("data-images")
        panel.view.show_report_page()
        p.shoot("data-report")
        for card in panel.view.report.cards:
            if card.finding.code in {"outliers", "duplicates-labels", "unreadable"}:
                card.buttons[0].click()
                p.settle()
                p.shoot(f"data-{card.finding.code}")
                panel.view.files.back.click()
        panel.buttons.known.click()
        p.shoot("data-known-sets")
        panel.catalogue.closed.emit()
        root.rename(root.with_name("moved"))
        window.session.set_data(DataSource(kind="folder", folder=str(root)))
        p.wait("the strip", panel.lost.isVisible)
        p.shoot("data-moved")
        window.session.set_data(DataSource())
        p.settle()
