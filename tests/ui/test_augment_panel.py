import threading
import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QScrollArea

from cnn_studio.datasets.augmentation import PRESETS, Augmentation
from cnn_studio.ui import theme
from cnn_studio.ui.panels.augment_field import SliderField
from cnn_studio.ui.panels.augment_panel import AugmentPanel
from tests.helpers.ui import as_array, events, grab

CLASSES = ("ant", "bee", "wasp")


@pytest.fixture
def panel(qtbot):
    made = AugmentPanel()
    qtbot.addWidget(made)
    made.resize(1200, 320)
    made.show()
    events()
    yield made
    settle(made)


def settle(panel):
    """Wait until the preview shows what is wished."""
    deadline = time.monotonic() + 30
    while panel.preview.is_drawing:
        assert time.monotonic() < deadline
        events(1)
        time.sleep(0.002)


def data(count=20, depth=3, side=24, seed=0):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, depth, side, side), dtype=np.uint8)
    return images, np.arange(count) % 3, CLASSES


def pixels(panel):
    return [as_array(picture).tobytes() for picture in panel.preview.pictures]


# --- the form


def test_every_setting_has_a_titled_field_with_its_help(panel):
    for name, info in Augmentation.model_fields.items():
        field = panel.form.field(name)
        assert field.title == info.title
        assert field.toolTip() == info.description
        shown = field.focusProxy()
        assert isinstance(shown, (QCheckBox, type(panel.form.field("rotation").focusProxy())))
        assert shown.accessibleName() == info.title
        assert info.description in shown.accessibleDescription()
        assert shown.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_it_begins_with_nothing(panel):
    assert panel.augmentation() == Augmentation()
    assert panel.form.presets.currentText() == "None"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_everything_and_is_named(panel, qtbot, name):
    panel.set_augmentation(Augmentation(rotation=33))
    assert panel.form.presets.currentText() == "Own choice"
    with qtbot.waitSignal(panel.changed):
        panel.form.presets.setCurrentText(name)
        panel.form.presets.activated.emit(panel.form.presets.currentIndex())
    assert panel.augmentation() == PRESETS[name]
    assert panel.form.presets.currentText() == name


def test_a_slider_moves_by_keys_and_says_its_value(panel, qtbot):
    field = panel.form.field("rotation")
    assert isinstance(field, SliderField)
    assert field.text == "off"
    field.setFocus()
    assert field.slider.hasFocus()
    with qtbot.waitSignals([panel.changed, panel.changed]):
        qtbot.keyClick(field.slider, Qt.Key.Key_Right)
        qtbot.keyClick(field.slider, Qt.Key.Key_Right)
    assert panel.augmentation().rotation == 2
    assert field.text == "±2°"
    assert panel.form.presets.currentText() == "Own choice"


@pytest.mark.parametrize(
    "name", [n for n, f in Augmentation.model_fields.items() if f.annotation is not bool]
)
def test_every_slider_stays_within_the_legal_range(panel, name):
    slider = panel.form.field(name).slider
    for position in (slider.minimum(), slider.maximum()):
        slider.setValue(position)
        made = panel.augmentation()
        assert Augmentation.model_validate(made.model_dump()) == made
    slider.setValue(slider.minimum())
    if name not in {"crop_ratio", "erasing_share"}:
        assert panel.augmentation().is_off
        assert panel.form.field(name).text == "off"


def test_values_between_the_steps_and_beyond_the_end_are_kept(panel):
    odd = Augmentation(mixup=7.5, rotation=12.34, crop_padding=50, resized_crop=0.3333, erasing=0.111)
    panel.set_augmentation(odd)
    assert panel.augmentation() == odd
    assert panel.form.field("mixup").text == "alpha 7.5"


def test_changed_comes_once_and_only_for_a_change(panel):
    told = []
    panel.changed.connect(lambda: told.append(panel.augmentation()))
    panel.set_augmentation(PRESETS["Photographs"])
    panel.set_augmentation(PRESETS["Photographs"])
    assert told == [PRESETS["Photographs"]]


def test_details_are_offered_only_of_what_is_on(panel):
    assert not panel.form.field("crop_ratio").isEnabled()
    assert not panel.form.field("erasing_share").isEnabled()
    panel.set_augmentation(Augmentation(resized_crop=0.5, erasing=0.5))
    assert panel.form.field("crop_ratio").isEnabled()
    assert panel.form.field("erasing_share").isEnabled()


def test_grey_images_have_no_colours_to_change(panel):
    panel.set_images(*data(depth=1))
    assert not panel.form.field("hue").isEnabled()
    assert not panel.form.field("saturation").isEnabled()
    assert panel.form.field("brightness").isEnabled()
    panel.set_images(*data())
    assert panel.form.field("hue").isEnabled()


def test_while_a_run_trains_settings_rest_but_images_can_be_looked_at(panel, qtbot):
    panel.set_images(*data())
    panel.set_enabled(False)
    assert not panel.form.field("rotation").isEnabled()
    assert not panel.form.presets.isEnabled()
    assert panel.other.isEnabled()
    panel.set_enabled(True)
    assert panel.form.field("rotation").isEnabled()


def test_scrolling_over_a_slider_changes_nothing(panel):
    slider = panel.form.field("rotation").slider
    panel.form.presets.setFocus()
    here = QPointF(slider.rect().center())
    none = Qt.MouseButton.NoButton
    wheel = QWheelEvent(
        here,
        slider.mapToGlobal(here),
        QPoint(0, 0),
        QPoint(0, 120),
        none,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(slider, wheel)
    assert panel.augmentation().is_off


# --- the preview


def test_the_empty_state_says_what_to_do(panel):
    assert not panel.other.isEnabled()
    assert not panel.again.isEnabled()
    empty = as_array(panel.preview.grab())
    assert len(np.unique(empty.reshape(-1, 4), axis=0)) > 1  # the sentence
    panel.set_images(*data())
    settle(panel)
    assert panel.preview.pictures
    panel.set_images(None)
    assert panel.preview.pictures == ()
    assert np.array_equal(as_array(panel.preview.grab()), empty)


@pytest.mark.parametrize("depth", [1, 3])
def test_the_first_picture_is_the_image_itself(panel, depth):
    images, labels, classes = data(depth=depth)
    panel.set_images(images, labels, classes)
    panel.set_augmentation(PRESETS["Photographs"])
    settle(panel)
    shown = as_array(panel.preview.pictures[0])[..., :3]
    number = int(panel.title.split()[1]) - 1
    assert np.array_equal(shown, np.broadcast_to(images[number].transpose(1, 2, 0), shown.shape))
    assert classes[labels[number]] in panel.title


def test_versions_differ_and_follow_the_settings(panel):
    panel.set_images(*data())
    settle(panel)
    assert len(set(pixels(panel))) == 1  # nothing is varied
    assert "every epoch shows the same" in panel.preview.summary
    panel.set_augmentation(Augmentation(rotation=30))
    settle(panel)
    turned = pixels(panel)
    assert len(set(turned)) == len(turned) >= 4
    panel.form.field("brightness").slider.setValue(10)
    settle(panel)
    assert pixels(panel)[0] == turned[0]
    assert pixels(panel)[1:] != turned[1:]
    panel.form.field("brightness").slider.setValue(0)
    settle(panel)
    assert pixels(panel) == turned  # the draws have stayed


def test_draw_again_and_other_image(panel, qtbot):
    panel.set_images(*data())
    panel.set_augmentation(PRESETS["Photographs"])
    settle(panel)
    before = pixels(panel)
    qtbot.mouseClick(panel.again, Qt.MouseButton.LeftButton)
    settle(panel)
    again = pixels(panel)
    assert again[0] == before[0]
    assert all(one != two for one, two in zip(again[1:], before[1:], strict=True))
    title = panel.title
    panel.activateWindow()
    panel.other.setFocus()
    qtbot.keyClick(panel.other, Qt.Key.Key_Space)
    settle(panel)
    assert pixels(panel)[0] != before[0]
    assert panel.title != title


def test_every_image_has_its_turn(panel):
    panel.set_images(*data(7))
    seen = set()
    for _ in range(7):
        seen.add(panel.title)
        panel.other.click()
    settle(panel)
    assert len(seen) == 7


def test_the_same_images_again_keep_the_chosen_one(panel):
    images, labels, classes = data()
    panel.set_images(images, labels, classes)
    panel.other.click()
    title = panel.title
    panel.set_images(images, labels, classes)
    assert panel.title == title
    panel.set_images(images.copy(), labels, classes)
    assert panel.title != title


def test_mixing_says_so(panel):
    panel.set_images(*data())
    panel.set_augmentation(Augmentation(mixup=1))
    settle(panel)
    assert "two labels" in panel.preview.summary


def test_many_changes_draw_the_last_one_and_keep_the_window_going(panel):
    panel.set_images(*data(side=96))
    settle(panel)
    slider = panel.form.field("rotation").slider
    for value in range(1, 60):
        slider.setValue(value)
        events(1)
    settle(panel)
    shown = pixels(panel)
    fresh = AugmentPanel()
    fresh.resize(panel.size())
    fresh.show()
    fresh.set_images(*data(side=96))
    fresh.set_augmentation(Augmentation(rotation=59))
    settle(fresh)
    assert pixels(fresh) == shown
    fresh.close()


def test_nothing_is_drawn_while_hidden(panel):
    panel.set_images(*data())
    settle(panel)
    panel.hide()
    before = pixels(panel)
    panel.set_augmentation(Augmentation(rotation=50))
    assert not panel.preview.is_drawing
    panel.show()
    settle(panel)
    assert pixels(panel) != before


def test_what_cannot_be_drawn_is_said(panel):
    class Gone:
        shape = (3, 3, 8, 8)

        def __len__(self):
            return 3

        def __getitem__(self, key):
            raise OSError("the disk is gone")

    panel.set_images(Gone())
    settle(panel)
    assert panel.preview.error == "The preview cannot be drawn: the disk is gone"
    panel.set_images(*data())
    settle(panel)
    assert panel.preview.error == ""


def test_a_panel_that_is_gone_takes_no_picture(qtbot):
    made = AugmentPanel()
    made.show()
    made.set_images(*data(side=128))
    made.set_augmentation(PRESETS["Photographs"])
    made.close()
    made.deleteLater()
    events()
    deadline = time.monotonic() + 20
    while any(thread.name == "augment preview" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    events()


@pytest.mark.parametrize("size", [(1500, 330), (900, 600), (640, 420), (520, 260)])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_nothing_is_clipped(panel, size, mode):
    theme.manager().set_mode(mode)
    panel.set_images(*data(side=32))
    panel.set_augmentation(PRESETS["Photographs"])
    panel.resize(*size)
    events()
    settle(panel)
    grab(panel, f"augment-{mode}-{size[0]}")
    for button in panel.findChildren(QPushButton):
        assert button.width() >= button.minimumSizeHint().width()
    for label in panel.form.findChildren(QLabel):
        if label.isVisible() and label.buddy() is None:
            assert label.width() >= label.minimumSizeHint().width(), label.text()
    (area,) = panel.findChildren(QScrollArea)
    assert panel.form.width() <= area.viewport().width()
    columns, rows, side = panel.preview._grid()
    assert columns * side <= panel.preview.width()
    assert rows * side <= panel.preview.height()
    assert len(panel.preview.pictures) >= 4 or columns * rows < 4
