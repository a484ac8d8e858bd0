"""The Data tab's report, split, known sets and moved folders, with the real jobs behind them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from cnn_studio.app.session import Session
from cnn_studio.datasets.load import load
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.remote import RemoteFile
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.ui import theme
from cnn_studio.ui.panels.data_panel import DataPanel
from cnn_studio.ui.panels.data_split import SplitForm
from cnn_studio.ui.panels.data_view import FILES, IMAGES, REPORT
from tests.helpers.images import write_cifar10, write_classes, write_mnist, write_picture
from tests.helpers.ui import as_array, events, grab, texts
from tests.helpers.web import Site, serving


def read(source):
    return load(source, height=16, width=16, channels=3, preprocessing=Preprocessing())


@pytest.fixture
def pictures(tmp_path):
    """Two classes of 30, one copy in the other part, one stray, one damaged file."""
    root = tmp_path / "Bilder ü"
    for number, part in enumerate(("train", "val")):
        write_classes(root / part, {"ant": 0, "bee": 0})
        for label, name in enumerate(("ant", "bee")):
            for at in range(20 - 10 * number):
                write_picture(root / part / name / f"{at}.png", seed=1000 * number + 100 * label + at)
    (root / "val" / "ant" / "copy.png").write_bytes((root / "train" / "ant" / "3.png").read_bytes())
    write_picture(root / "train" / "bee" / "stray.gif", seed=77)
    (root / "train" / "bee" / "broken.png").write_bytes(b"no")
    return root


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def panel(qtbot, session):
    made = DataPanel(session)
    qtbot.addWidget(made, before_close_func=lambda panel: panel.jobs.shut_down(10))
    made.resize(1400, 420)
    made.show()
    events()
    return made


def follow(panel, session, source):
    """What the window does with a chosen source."""
    session.set_data(source)
    panel.set_data(read(source))


def reported(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.jobs.is_reporting and bool(panel.view.report.cards), timeout=20_000)


def card(panel, code):
    return next(found for found in panel.view.report.cards if found.finding.code == code)


def press(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_report_comes_by_itself_and_files_are_left_out_with_a_click(panel, session, pictures, qtbot):
    source = DataSource(kind="folder", folder=str(pictures))
    follow(panel, session, source)
    reported(panel, qtbot)
    assert panel.view._show_report.text() == "Report  ! 2"
    press(qtbot, panel.view._show_report)
    assert panel.view.report.text.startswith(
        "62 images in 2 classes: 41 training · 21 validation\n61 PNG · 1 GIF"
    )
    assert {found.finding.code for found in panel.view.report.cards} == {
        "duplicates-across",
        "outliers",
        "unreadable",
    }
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, card(panel, "outliers").buttons[1])
    assert caught.args[0].excluded == ("train/bee/stray.gif",)
    follow(panel, session, caught.args[0])
    reported(panel, qtbot)
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, card(panel, "duplicates-across").buttons[1])
    assert caught.args[0].excluded == ("train/ant/3.png", "train/bee/stray.gif")
    follow(panel, session, caught.args[0])
    reported(panel, qtbot)
    assert panel.view._show_report.text() == "Report"
    assert panel.view.page == REPORT, "loading again stays with the report"
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, card(panel, "left-out").buttons[-1])
    assert caught.args[0] == source


def test_the_files_of_a_finding_are_listed_with_a_picture(panel, session, pictures, qtbot):
    follow(panel, session, DataSource(kind="folder", folder=str(pictures)))
    reported(panel, qtbot)
    press(qtbot, panel.view._show_report)
    press(qtbot, card(panel, "duplicates-across").buttons[0])
    page = panel.view.files
    assert panel.view.page == FILES
    names = [page.model.index(row, 0).data() for row in range(page.model.rowCount())]
    assert names == ["train/ant/3.png", "val/ant/copy.png"]
    qtbot.waitUntil(lambda: not page.picture.pixmap().isNull(), timeout=5000)
    shown = as_array(page.picture.pixmap())[..., :3]
    assert len({tuple(pixel) for pixel in shown.reshape(-1, 3)}) > 50
    page.table.selectRow(1)
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, page.leave_out)
    assert caught.args[0].excluded == ("val/ant/copy.png",)
    press(qtbot, page.back)
    assert panel.view.page == REPORT
    press(qtbot, card(panel, "unreadable").buttons[0])
    assert not page.leave_out.isVisible()
    qtbot.waitUntil(lambda: "not an image of a known kind" in page.picture.text(), timeout=5000)


def test_nothing_is_looked_at_while_nobody_can_see_it(qtbot, session, pictures):
    hidden = DataPanel(session)
    qtbot.addWidget(hidden, before_close_func=lambda panel: panel.jobs.shut_down(10))
    follow(hidden, session, DataSource(kind="folder", folder=str(pictures)))
    assert not hidden.jobs.is_reporting
    hidden.show()
    events()
    reported(hidden, qtbot)


def test_a_report_can_be_given_up(panel, session, tmp_path, qtbot):
    source = DataSource(kind="folder", folder=str(write_classes(tmp_path / "many", {"a": 700, "b": 700})))
    follow(panel, session, source)
    press(qtbot, panel.view._show_report)
    press(qtbot, panel.view.report._cancel)
    qtbot.waitUntil(lambda: "not all looked at" in panel.view.report.text, timeout=10_000)
    press(qtbot, panel.view.report._again)
    qtbot.waitUntil(lambda: panel.view.report.text.startswith("1,400 images"), timeout=20_000)


def test_another_source_ends_the_report_of_the_one_before(panel, session, tmp_path, qtbot):
    follow(
        panel,
        session,
        DataSource(kind="folder", folder=str(write_classes(tmp_path / "m", {"a": 900, "b": 900}))),
    )
    assert panel.jobs.is_reporting
    session.set_data(DataSource())
    assert not panel.jobs.is_reporting
    assert panel.view.report.cards == []
    panel.set_data(read(DataSource()))
    qtbot.waitUntil(lambda: panel.view.report.text.startswith("1,797 images in 10 classes"), timeout=10_000)


def test_training_has_the_machine_first(panel, session, tmp_path, qtbot):
    follow(
        panel,
        session,
        DataSource(kind="folder", folder=str(write_classes(tmp_path / "m", {"a": 900, "b": 900}))),
    )
    assert panel.jobs.is_reporting
    panel.put_off_report()
    assert not panel.jobs.is_reporting
    panel.hide()
    panel.show()
    qtbot.waitUntil(lambda: panel.view.report.text.startswith("1,800 images"), timeout=20_000)
    panel.put_off_report()
    assert panel.view.report.text.startswith("1,800 images"), "what is done stays"


def test_equal_images_of_arrays_are_listed_by_their_numbers(panel, session, tmp_path, qtbot):
    write_cifar10(tmp_path, 40)
    records = np.fromfile(tmp_path / "test_batch.bin", np.uint8).reshape(-1, 3073)
    records[3] = np.fromfile(tmp_path / "data_batch_1.bin", np.uint8).reshape(-1, 3073)[3]
    records.tofile(tmp_path / "test_batch.bin")
    follow(panel, session, DataSource(kind="cifar10", folder=str(tmp_path)))
    reported(panel, qtbot)
    press(qtbot, panel.view._show_report)
    found = next(c for c in panel.view.report.cards if c.finding.code.startswith("duplicates"))
    assert len(found.buttons) == 1, "single images of an array cannot be left out"
    press(qtbot, found.buttons[0])
    page = panel.view.files
    assert [page.model.index(row, 0).data() for row in range(2)] == ["train image 4", "test image 4"]
    assert not page.picture.isVisible()
    assert not page.leave_out.isVisible()


def test_split_is_told_when_it_is_set(qtbot):
    form = SplitForm()
    qtbot.addWidget(form)
    form.show_source(DataSource(kind="folder", folder="/x", val_fraction=0.123, split_seed=4), ())
    with qtbot.waitSignal(form.changed, timeout=500) as caught:
        form.test.setValue(15)
    assert caught.args[0] == DataSource(
        kind="folder", folder="/x", val_fraction=0.123, test_fraction=0.15, split_seed=4
    ), "a share that was not touched keeps its last digit"
    with qtbot.waitSignal(form.changed, timeout=500) as caught:
        form.val.setValue(90)
    assert (caught.args[0].val_fraction, caught.args[0].test_fraction) == (0.9, 0.05), "together at most 95 %"
    with qtbot.waitSignal(form.changed, timeout=500) as caught:
        form.seed.setValue(9)
    assert caught.args[0].split_seed == 9


def test_given_parts_cannot_be_set(qtbot):
    form = SplitForm()
    qtbot.addWidget(form)
    form.show_source(DataSource(), ("test",))
    assert form.val.isEnabled()
    assert not form.test.isEnabled()
    assert form.test.text() == "given"
    with qtbot.waitSignal(form.changed, timeout=500) as caught:
        form.val.setValue(30)
    assert caught.args[0] == DataSource(val_fraction=0.3)
    form.show_source(DataSource(), ("val", "test"))
    assert not form.seed.isEnabled()
    assert form.note == "This source brings its own validation and test parts."
    form.show_source(DataSource(test_fraction=0.2), ("val",))
    assert (form.val.text(), form.test.text()) == ("given", "none"), "given parts stay as they are given"
    form.show_source(DataSource(), ())
    assert (form.val.text(), form.test.text()) == ("20 %", "none")


def test_the_known_sets_are_listed_with_licence_and_size(panel, qtbot):
    press(qtbot, panel.buttons.known)
    page = panel.catalogue
    assert page.isVisible()
    shown = "\n".join(texts(page))
    assert "Fashion-MNIST" in shown
    assert "licence: CC BY-SA 3.0" in shown
    assert page.rows["cifar10"].get.text() == "Download 170 MB"
    assert all(row.get.toolTip() and row.folder.toolTip() for row in page.rows.values())
    page.closed.emit()
    assert not page.isVisible()


def test_a_set_is_fetched_with_a_click_and_used(panel, session, qtbot, tmp_path, monkeypatch):
    """The real job, the real web client; only the addresses are those of a server of the test."""
    write_mnist(tmp_path / "published")
    with serving(Site({})) as site:
        files = []
        for path in sorted((tmp_path / "published").iterdir()):
            site.files[path.name] = content = path.read_bytes()
            digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
            files.append(RemoteFile(path.name, (f"{site.url}/{path.name}",), f"md5:{digest}"))

        class Published:
            mirrors = (site.url,)
            resources = [(file.name, file.digest.removeprefix("md5:")) for file in files]

        monkeypatch.setattr("cnn_studio.datasets.remote._torchvision", lambda name: Published)
        monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
        press(qtbot, panel.buttons.known)
        row = panel.catalogue.rows["kmnist"]
        with qtbot.waitSignal(panel.source_chosen, timeout=20_000) as caught:
            press(qtbot, row.get)
            assert row.cancel.isVisible()
    folder = tmp_path / "home" / "datasets" / "kmnist"
    assert caught.args == [DataSource(kind="kmnist", folder=str(folder))]
    assert read(caught.args[0]).given == ("test",)
    press(qtbot, panel.buttons.known)
    qtbot.waitUntil(row.use.isVisible, timeout=5000)
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, row.use)
    assert caught.args[0].folder == str(folder)


def test_a_download_that_fails_says_why_and_one_can_be_cancelled(panel, qtbot, tmp_path, monkeypatch):
    with serving(Site({"a.gz": bytes(200_000)}, delay=0.02)) as site:

        class Published:
            mirrors = (site.url,)
            resources = [("gone.gz", "0" * 32)]

        monkeypatch.setattr("cnn_studio.datasets.remote._torchvision", lambda name: Published)
        monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
        press(qtbot, panel.buttons.known)
        row = panel.catalogue.rows["mnist"]
        press(qtbot, row.get)
        qtbot.waitUntil(lambda: "not there any more" in row.note.text(), timeout=10_000)
        assert row.get.isVisible()
        Published.resources = [("a.gz", "0" * 32)]
        press(qtbot, row.get)
        qtbot.waitUntil(lambda: row.bar.value() > 0, timeout=10_000)
        grab(panel, "data-download")
        press(qtbot, row.cancel)
        qtbot.waitUntil(lambda: row.note.text().startswith("Cancelled"), timeout=10_000)
    assert row.get.isVisible()


def test_a_known_set_is_read_from_a_folder(panel, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getExistingDirectory", lambda *_: str(tmp_path))
    press(qtbot, panel.buttons.known)
    row = panel.catalogue.rows["emnist"]
    row.variant.setCurrentText("letters")
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, row.folder)
    assert caught.args == [DataSource(kind="emnist", variant="letters", folder=str(tmp_path))]


def test_a_folder_that_has_moved_is_asked_for(panel, session, pictures, qtbot, monkeypatch):
    moved = pictures.with_name("anderswo")
    source = DataSource(kind="folder", folder=str(pictures), split_seed=3, excluded=("train/ant/1.png",))
    pictures.rename(moved)
    with qtbot.waitSignal(panel.missing, timeout=5000) as caught:
        session.set_data(source)
    assert caught.args == [source]
    assert panel.lost.isVisible()
    assert str(pictures) in panel.lost.label.text()
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getExistingDirectory", lambda *_: str(moved))
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, panel.locate_button)
    assert caught.args == [source.model_copy(update={"folder": str(moved)})]
    follow(panel, session, caught.args[0])
    assert not panel.lost.isVisible()
    assert session.data.folder != source.folder


def test_a_project_that_opens_without_its_folder(panel, session, qtbot, tmp_path):
    from dataclasses import replace

    from cnn_studio.app.project import starter_project
    from cnn_studio.graph.starters import find_starter

    gone = DataSource(kind="mnist", folder=str(tmp_path / "gone"))
    session.replace(replace(starter_project(find_starter("mlp")), data=gone))
    qtbot.waitUntil(panel.lost.isVisible, timeout=5000)
    session.replace(starter_project(find_starter("lenet5")))
    qtbot.waitUntil(lambda: not panel.lost.isVisible(), timeout=5000)


def test_closing_the_window_ends_the_work(qtbot, session, tmp_path):
    panel = DataPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    follow(
        panel, session, DataSource(kind="folder", folder=str(write_classes(tmp_path, {"a": 900, "b": 900})))
    )
    assert panel.jobs.is_reporting
    panel.close()
    assert not panel.jobs.jobs.busy


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_pictures(panel, session, pictures, qtbot, mode):
    theme.manager().set_mode(mode)
    follow(panel, session, DataSource(kind="folder", folder=str(pictures)))
    reported(panel, qtbot)
    events()
    grab(panel, f"data-all-{mode}")
    press(qtbot, panel.view._show_report)
    events()
    assert grab(panel, f"data-report-{mode}").std() > 1
    press(qtbot, card(panel, "outliers").buttons[0])
    qtbot.waitUntil(lambda: not panel.view.files.picture.pixmap().isNull(), timeout=5000)
    grab(panel, f"data-files-{mode}")
    press(qtbot, panel.buttons.known)
    events()
    grab(panel, f"data-known-{mode}")


def test_larger_text_clips_nothing(panel, session, pictures, qtbot):
    theme.manager().set_font_size(14)
    follow(panel, session, DataSource(kind="folder", folder=str(pictures)))
    reported(panel, qtbot)
    press(qtbot, panel.view._show_report)
    events()
    grab(panel, "data-report-14pt")
    for found in panel.view.report.cards:
        assert all(button.width() >= button.sizeHint().width() for button in found.buttons)
    assert panel.view.page != IMAGES
    assert Path(panel.source.folder) == pictures
