import gc

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication, QPushButton

from cnn_studio.graph.registry import all_specs
from cnn_studio.ui import theme
from cnn_studio.ui.theme.icon_paths import ICON_PATHS
from cnn_studio.ui.theme.layer_icons import LAYER_ICONS
from cnn_studio.ui.theme.tokens import TEXT_PAIRS
from tests.helpers.ui import as_array


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK], ids=lambda tokens: tokens.name)
@pytest.mark.parametrize("pair", TEXT_PAIRS, ids="-on-".join)
def test_text_meets_wcag_aa(tokens, pair):
    text, ground = (tokens.color(name) for name in pair)
    assert theme.contrast(text, ground) >= 4.5


@pytest.mark.parametrize("family", theme.FAMILIES)
def test_names_on_family_colours_meet_wcag_aa(family):
    color = theme.FAMILIES[family]
    assert theme.contrast(theme.ink_on(color), color) >= 4.5


def test_contrast_is_the_one_of_wcag():
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    with pytest.raises(ValueError, match="#rrggbb"):
        theme.contrast("red", "#ffffff")


def test_both_themes_name_the_same_tokens_with_different_grounds():
    for name in ("window", "panel", "canvas", "card", "field", "text", "muted", "accent"):
        assert theme.LIGHT.color(name) != theme.DARK.color(name)
    assert theme.LIGHT.families == theme.DARK.families


def test_a_colour_is_found_by_token_family_or_value():
    assert theme.LIGHT.color("accent") == "#2f5fe0"
    assert theme.LIGHT.color("convolution") == "#3b82f6"
    assert theme.LIGHT.color("#123456") == "#123456"
    assert theme.LIGHT.family("unheard of") == theme.FAMILIES["io"]
    with pytest.raises(KeyError):
        theme.LIGHT.color("name")
    assert theme.qcolor("accent", 0.5).alphaF() == pytest.approx(0.5, abs=0.01)


def test_mode_changes_tokens_palette_and_style_sheet_once(qtbot):
    app = QApplication.instance()
    theme.manager().set_mode("light")
    light_sheet = app.styleSheet()
    with qtbot.waitSignal(theme.manager().changed, timeout=1000):
        theme.manager().set_mode("dark")
    assert theme.current() is theme.DARK
    assert app.palette().window().color().name() == theme.DARK.panel
    assert theme.DARK.accent in app.styleSheet()
    assert app.styleSheet() != light_sheet
    with qtbot.assertNotEmitted(theme.manager().changed):
        theme.manager().set_mode("dark")


def test_system_mode_follows_the_system(qtbot):
    manager = theme.manager()
    manager.set_mode("dark")
    manager.set_mode("system")
    dark_system = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    assert theme.current().is_dark == dark_system
    # a choice of the system arrives as this signal of the style hints
    QGuiApplication.styleHints().setColorScheme(Qt.ColorScheme.Dark)
    is_dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    assert theme.current().is_dark == is_dark
    QGuiApplication.styleHints().unsetColorScheme()


def test_sizes_grow_with_the_font(qtbot):
    manager = theme.manager()
    manager.set_font_size(9.5)
    assert theme.scale() == pytest.approx(1, abs=0.02)
    assert [theme.px(n) for n in (0, 1, 4, 214)] == [0, 1, 4, 214]
    small = QPushButton("Train")
    qtbot.addWidget(small)
    small.ensurePolished()
    height = small.sizeHint().height()
    with qtbot.waitSignal(manager.changed, timeout=1000):
        manager.set_font_size(19)
    assert theme.px(4) == 8
    large = QPushButton("Train")
    qtbot.addWidget(large)
    large.ensurePolished()
    assert large.sizeHint().height() >= 1.8 * height


def test_fonts():
    assert theme.ui_font(2).pointSizeF() == pytest.approx(2 * theme.ui_font().pointSizeF())
    assert theme.ui_font(weight=600).weight() == 600
    assert theme.mono_font().pointSizeF() == pytest.approx(theme.ui_font().pointSizeF())


@pytest.mark.parametrize("name", [*ICON_PATHS, *LAYER_ICONS])
def test_every_icon_draws_something_inside_its_square(name, qtbot):
    pixels = as_array(theme.icon(name).pixmap(QSize(32, 32), 1.0, QIcon.Mode.Normal))
    alpha = pixels[..., 3]
    assert (alpha > 128).sum() > 10
    assert alpha[0].max() < 128  # nothing is cut off at the upper edge
    assert alpha[-1].max() < 128


def test_every_layer_type_has_a_drawing_of_its_own():
    names = [spec.icon or spec.id for spec in all_specs()]
    assert set(names) == set(LAYER_ICONS)
    assert len(set(LAYER_ICONS.values())) == len(LAYER_ICONS)


def test_icons_follow_the_theme_and_forget_dead_targets(qtbot):
    theme.manager().set_mode("light")
    button = QPushButton()
    qtbot.addWidget(button)
    gone = QPushButton()
    theme.bind_icon(button, "play", "accent")
    theme.bind_icon(gone, "stop")
    gone.deleteLater()
    qtbot.wait(1)
    del gone
    gc.collect()
    assert _ink(button) == theme.LIGHT.accent
    theme.manager().set_mode("dark")
    assert _ink(button) == theme.DARK.accent


def _ink(button):
    pixels = as_array(button.icon().pixmap(QSize(16, 16), 1.0, QIcon.Mode.Normal))
    red, green, blue, alpha = pixels[8, 8]
    assert alpha == 255
    return f"#{red:02x}{green:02x}{blue:02x}"


def test_unknown_icon_or_role_is_a_programming_mistake(qtbot):
    with pytest.raises(KeyError):
        theme.icon("no such icon")
    with pytest.raises(KeyError):
        theme.icon("play", "no such role")
