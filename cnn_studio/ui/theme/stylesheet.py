"""The one style sheet of the program, generated from the tokens.

Widgets choose a look by the dynamic property ``role`` (see `cnn_studio.ui.theme.set_role`):
buttons ``primary quiet fold segment fix``; labels ``muted strong title caption mono error warning ok``; frames
``panel card notice error-notice info-notice line edge``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnn_studio.ui.theme.tokens import Tokens


def build(tokens: Tokens, px: Callable[[float], int], mono_family: str, images: Mapping[str, str]) -> str:
    """Return the style sheet.

    Args:
        tokens: the theme.
        px: scales a size at 100 % and 9.5 pt to pixels.
        mono_family: family of the monospace font.
        images: path of the picture for ``check``, ``dash``, ``down``, ``up`` and ``right``, with slashes.
    """
    values = _values(tokens, px, mono_family)
    values.update({f"image_{name}": path for name, path in images.items()})
    parts = (_BASE, _BUTTONS, _FIELDS, _CHECKS, _TABS, _SCROLL, _LISTS, _MENUS, _FRAMES)
    return "\n".join(parts) % values


def _values(t: Tokens, px: Callable[[float], int], mono_family: str) -> dict[str, object]:
    colors = {name: getattr(t, name) for name in t.__dataclass_fields__ if isinstance(getattr(t, name), str)}
    base = t.type.base_points
    return {
        **colors,
        **{f"px{n}": max(1, px(n)) for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 28, 64)},
        "radius": px(t.space.radius),
        "radius_small": px(t.space.radius_small),
        "radius_card": px(t.space.radius_card),
        "control": px(t.space.control) - 2,  # the borders come on top
        "scroll": px(t.space.scroll_bar),
        "scroll_radius": max(1, (px(t.space.scroll_bar) - 2 * max(1, px(2))) // 2),
        "progress": px(t.space.progress),
        "progress_radius": px(t.space.progress) // 2,
        "small": f"{px(base * t.type.small * 4 / 3)}px",
        "caption": f"{px(base * t.type.caption * 4 / 3)}px",
        "title": f"{px(base * t.type.title * 4 / 3)}px",
        "strong": t.type.strong,
        "medium": t.type.medium,
        "mono": mono_family,
    }


_BASE = """
QMainWindow, QTabWidget::pane { background: %(panel)s; }
QToolTip { background: %(card)s; color: %(text)s; border: 1px solid %(line)s; padding: %(px4)dpx %(px8)dpx; }
QLabel { background: transparent; }
QLabel[role="muted"] { color: %(muted)s; }
QLabel[role="small"] { color: %(muted)s; font-size: %(small)s; }
QLabel[role="strong"] { font-weight: %(strong)d; }
QLabel[role="title"] { font-weight: %(strong)d; font-size: %(title)s; }
QLabel[role="caption"] { color: %(muted)s; font-weight: %(strong)d; font-size: %(caption)s;
  text-transform: uppercase; letter-spacing: 0.6px; }
QLabel[role="mono"] { font-family: "%(mono)s"; }
QLabel[role="error"] { color: %(error)s; }
QLabel[role="warning"] { color: %(warning)s; }
QLabel[role="ok"] { color: %(ok)s; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QLabel:disabled { color: %(muted)s; }
QStatusBar { background: %(panel)s; color: %(muted)s; border-top: 1px solid %(line)s; }
QStatusBar::item { border: none; }
QToolBar { background: %(panel)s; border: none; border-bottom: 1px solid %(line)s; spacing: %(px8)dpx;
  padding: %(px6)dpx %(px12)dpx; icon-size: %(px16)dpx; }
QToolBar::separator { background: transparent; width: %(px12)dpx; }
QSplitter::handle { background: %(line)s; }
QSplitter::handle:hover { background: %(accent)s; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QProgressBar { background: %(line)s; border: none; border-radius: %(progress_radius)dpx;
  min-height: %(progress)dpx; max-height: %(progress)dpx; text-align: center; color: transparent; }
QProgressBar::chunk { background: %(accent)s; border-radius: %(progress_radius)dpx; }
QGroupBox { border: none; margin-top: %(px20)dpx; padding: 0; }
QGroupBox::title { subcontrol-origin: margin; subcontrol-position: top left; padding: %(px4)dpx 0;
  color: %(muted)s; }
QGroupBox { font-weight: %(strong)d; font-size: %(caption)s; }
"""

# The ring is 2 wide in place of border 1 + padding 1, so that nothing moves when the focus travels.
_BUTTONS = """
QPushButton, QToolButton { background: %(card)s; color: %(text)s; border: 1px solid %(line)s;
  border-radius: %(radius)dpx; padding: 0 %(px12)dpx; min-height: %(control)dpx; }
QPushButton { font-weight: %(medium)d; }
QToolButton { padding: 0 %(px8)dpx; }
QPushButton:hover, QToolButton:hover { background: %(hover)s; }
QPushButton:pressed, QToolButton:pressed { background: %(pressed)s; }
QPushButton:checked, QToolButton:checked { background: %(accent_ground)s; color: %(accent)s; }
QPushButton:disabled, QToolButton:disabled { color: %(muted)s; background: transparent; }
QPushButton:focus, QToolButton:focus { border: 2px solid %(accent)s; padding: 0 %(px10)dpx; }
QToolButton:focus { padding: 0 %(px7)dpx; }
QPushButton[role="primary"], QToolButton[role="primary"] { background: %(accent)s; color: %(on_accent)s;
  border: 1px solid %(accent)s; font-weight: %(strong)d; }
QPushButton[role="primary"]:hover, QToolButton[role="primary"]:hover { background: %(accent_hover)s; }
QPushButton[role="primary"]:pressed, QToolButton[role="primary"]:pressed { background: %(accent)s; }
QPushButton[role="primary"]:focus, QToolButton[role="primary"]:focus { border: 2px solid %(text)s; }
QPushButton[role="primary"]:disabled, QToolButton[role="primary"]:disabled { background: %(pressed)s;
  color: %(muted)s; border: 1px solid %(line)s; }
QPushButton[role="quiet"], QToolButton[role="quiet"] { background: transparent; border: 1px solid transparent;
  color: %(muted)s; }
QPushButton[role="quiet"]:hover, QToolButton[role="quiet"]:hover { background: %(hover)s; color: %(text)s; }
QPushButton[role="quiet"]:focus, QToolButton[role="quiet"]:focus { border: 2px solid %(accent)s; }
QToolButton[role="quiet"] { padding: 0 %(px6)dpx; }
QToolButton[role="fold"] { background: transparent; border: 1px solid transparent; color: %(muted)s;
  font-size: %(small)s; min-height: %(px20)dpx; padding: 0 %(px4)dpx; }
QToolButton[role="fold"]:hover { color: %(text)s; }
QToolButton[role="fold"]:focus { border: 2px solid %(accent)s; padding: 0 %(px3)dpx; }
QToolButton[role="beside"] { background: transparent; border: 1px solid transparent; color: %(accent)s;
  font-size: %(small)s; min-height: 0; padding: 0 %(px3)dpx; }
QToolButton[role="beside"]:hover { text-decoration: underline; }
QToolButton[role="beside"]:disabled { color: %(muted)s; }
QToolButton[role="beside"]:focus { border: 1px solid %(accent)s; padding: 0 %(px3)dpx; }
QPushButton[role="segment"], QToolButton[role="segment"] { border: 1px solid transparent;
  background: transparent; border-radius: %(radius_small)dpx; }
QPushButton[role="segment"]:hover, QToolButton[role="segment"]:hover { background: %(hover)s; }
QPushButton[role="segment"]:checked, QToolButton[role="segment"]:checked { background: %(accent_ground)s;
  color: %(accent)s; }
QPushButton[role="segment"]:focus, QToolButton[role="segment"]:focus { border: 2px solid %(accent)s; }
QPushButton[role="fix"] { background: %(card)s; color: %(accent)s; padding: 0 %(px10)dpx;
  min-height: %(px24)dpx; }
QPushButton[role="fix"]:hover { background: %(accent_ground)s; }
QPushButton[role="fix"]:focus { padding: 0 %(px9)dpx; }
QToolButton[role="chip"] { color: %(muted)s; font-size: %(small)s; min-height: %(px24)dpx;
  padding: 0 %(px20)dpx 0 %(px8)dpx; }
QToolButton[popupMode="1"] { padding-right: %(px24)dpx; }
QToolButton::menu-button { border: none; border-left: 1px solid %(line)s; width: %(px20)dpx; }
QToolButton::menu-arrow { image: url("%(image_down)s"); width: %(px12)dpx; height: %(px12)dpx; }
QPushButton::menu-indicator, QToolButton::menu-indicator { image: url("%(image_down)s");
  width: %(px12)dpx; height: %(px12)dpx; subcontrol-position: right center; right: %(px4)dpx; }
"""

_FIELDS = """
QLineEdit, QAbstractSpinBox, QComboBox { background: %(field)s; color: %(text)s; border: 1px solid %(line)s;
  border-radius: %(radius)dpx; padding: 0 %(px8)dpx; min-height: %(control)dpx;
  selection-background-color: %(accent)s; selection-color: %(on_accent)s; }
QPlainTextEdit, QTextEdit { background: %(field)s; color: %(text)s; border: 1px solid %(line)s;
  border-radius: %(radius)dpx; selection-background-color: %(accent)s; selection-color: %(on_accent)s; }
QPlainTextEdit[role="mono"], QTextEdit[role="mono"], QLineEdit[role="mono"] { font-family: "%(mono)s"; }
QAbstractSpinBox { padding: 0 %(px20)dpx 0 %(px8)dpx; }
QAbstractSpinBox QLineEdit { border: none; padding: 0 0 0 %(px8)dpx; min-height: 0;
  background: transparent; }
QLineEdit, QPlainTextEdit, QTextEdit { placeholder-text-color: %(muted)s; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: %(muted)s; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border: 2px solid %(accent)s;
  padding: 0 %(px7)dpx; }
QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid %(accent)s; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: %(muted)s; background: %(panel)s; }
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"] { border: 2px solid %(error)s;
  padding: 0 %(px7)dpx; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; background: transparent;
  width: %(px20)dpx; subcontrol-origin: border; }
QAbstractSpinBox::up-button { subcontrol-position: top right; margin: 2px 2px 0 0; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin: 0 2px 2px 0; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: %(pressed)s; }
QAbstractSpinBox::up-arrow { image: url("%(image_up)s"); width: %(px10)dpx; height: %(px10)dpx; }
QAbstractSpinBox::down-arrow { image: url("%(image_down)s"); width: %(px10)dpx; height: %(px10)dpx; }
QComboBox { padding: 0 %(px20)dpx 0 %(px10)dpx; }
QComboBox:focus { padding: 0 %(px20)dpx 0 %(px9)dpx; }
QComboBox::drop-down { border: none; background: transparent; width: %(px24)dpx; }
QComboBox::down-arrow { image: url("%(image_down)s"); width: %(px12)dpx; height: %(px12)dpx; }
QComboBox QAbstractItemView { background: %(card)s; color: %(text)s; border: 1px solid %(line)s;
  outline: none; padding: %(px4)dpx; selection-background-color: %(accent_ground)s;
  selection-color: %(text)s; }
"""

_CHECKS = """
QCheckBox, QRadioButton { background: transparent; spacing: %(px8)dpx; padding: %(px2)dpx;
  border: 2px solid transparent; border-radius: %(radius_small)dpx; }
QCheckBox:focus, QRadioButton:focus { border-color: %(accent)s; }
QCheckBox::indicator, QRadioButton::indicator, QAbstractItemView::indicator { width: %(px14)dpx;
  height: %(px14)dpx; border: 1px solid %(muted)s; border-radius: %(radius_small)dpx; background: %(field)s; }
QRadioButton::indicator { border-radius: %(px8)dpx; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: %(accent)s; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked { background: %(accent)s;
  border-color: %(accent)s; image: url("%(image_check)s"); }
QCheckBox::indicator:indeterminate, QAbstractItemView::indicator:indeterminate { background: %(accent)s;
  border-color: %(accent)s; image: url("%(image_dash)s"); }
QRadioButton::indicator:checked { border: %(px5)dpx solid %(accent)s; width: %(px6)dpx; height: %(px6)dpx; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { background: %(pressed)s;
  border-color: %(line)s; }
QCheckBox:disabled, QRadioButton:disabled { color: %(muted)s; }
QSlider::groove:horizontal { height: %(px4)dpx; background: %(line)s; border-radius: %(px2)dpx; }
QSlider::sub-page:horizontal { background: %(accent)s; border-radius: %(px2)dpx; }
QSlider::handle:horizontal { width: %(px14)dpx; height: %(px14)dpx; margin: -%(px5)dpx 0;
  border-radius: %(px7)dpx; background: %(accent)s; }
QSlider::handle:horizontal:focus { background: %(text)s; }
QSlider::sub-page:horizontal:disabled { background: %(line)s; }
QSlider::handle:horizontal:disabled { background: %(pressed)s; border: 1px solid %(line)s; }
"""

# No bold for the chosen tab: the tabs beside it would move at every click.
_TABS = """
QTabWidget::pane { border: none; border-top: 1px solid %(line)s; }
QTabWidget::tab-bar { left: %(px8)dpx; }
QTabBar { background: %(panel)s; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: %(muted)s; padding: %(px8)dpx %(px14)dpx %(px6)dpx %(px14)dpx;
  border: none; border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: %(text)s; background: %(hover)s; }
QTabBar::tab:selected { color: %(text)s; border-bottom: 2px solid %(accent)s; }
QTabBar::tab:focus { color: %(accent)s; background: %(accent_ground)s; }
QTabBar::tab:disabled { color: %(muted)s; }
"""

_SCROLL = """
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: %(scroll)dpx; }
QScrollBar:horizontal { height: %(scroll)dpx; }
QScrollBar::handle { background: %(pressed)s; border: 1px solid %(line)s; border-radius: %(scroll_radius)dpx;
  margin: %(px2)dpx; }
QScrollBar::handle:vertical { min-height: %(px28)dpx; }
QScrollBar::handle:horizontal { min-width: %(px28)dpx; }
QScrollBar::handle:hover { background: %(muted)s; border-color: %(muted)s; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: none; background: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollArea { background: transparent; border: none; }
"""

_LISTS = """
QAbstractItemView { background: %(panel)s; color: %(text)s; border: none; outline: none;
  alternate-background-color: %(field)s; selection-background-color: %(accent_ground)s;
  selection-color: %(text)s; }
QAbstractItemView::item { padding: %(px3)dpx %(px6)dpx; border: 1px solid transparent; }
QAbstractItemView::item:hover { background: %(hover)s; }
QAbstractItemView::item:selected { background: %(accent_ground)s; color: %(text)s; }
QAbstractItemView::item:focus { border: 1px solid %(accent)s; }
QTreeView::item { min-height: %(px20)dpx; }
QTableView { gridline-color: %(line)s; }
QHeaderView { background: %(panel)s; border: none; }
QHeaderView::section { background: %(panel)s; color: %(muted)s; border: none;
  border-bottom: 1px solid %(line)s; padding: %(px4)dpx %(px8)dpx; font-weight: %(strong)d; }
QTreeView::branch { background: transparent; }
QTreeView::branch:has-children:closed { image: url("%(image_right)s"); }
QTreeView::branch:has-children:open { image: url("%(image_down)s"); }
"""

_MENUS = """
QMenuBar { background: %(panel)s; color: %(text)s; border-bottom: 1px solid %(line)s; }
QMenuBar::item { padding: %(px4)dpx %(px8)dpx; background: transparent; border-radius: %(radius_small)dpx; }
QMenuBar::item:selected { background: %(hover)s; }
QMenu { background: %(card)s; color: %(text)s; border: 1px solid %(line)s; padding: %(px4)dpx; }
QMenu::item { padding: %(px4)dpx %(px24)dpx %(px4)dpx %(px12)dpx; border-radius: %(radius_small)dpx; }
QMenu::icon { padding-left: %(px8)dpx; }
QMenu::item:selected { background: %(accent_ground)s; color: %(text)s; }
QMenu::item:disabled { color: %(muted)s; }
QMenu::separator { height: 1px; background: %(line)s; margin: %(px4)dpx %(px8)dpx; }
"""

_FRAMES = """
QFrame[role="panel"] { background: %(panel)s; }
QFrame[role="card"] { background: %(card)s; border: 1px solid %(line)s; border-radius: %(radius_card)dpx; }
QFrame[role="notice"] { background: %(warning_ground)s; border: none; border-radius: %(radius_card)dpx; }
QFrame[role="error-notice"] { background: %(error_ground)s; border: none; border-radius: %(radius_card)dpx; }
QFrame[role="info-notice"] { background: %(accent_ground)s; border: none; border-radius: %(radius_card)dpx; }
QFrame[role="line"] { background: %(line)s; border: none; max-height: 1px; min-height: 1px; }
QFrame[role="edge"] { background: %(line)s; border: none; }
"""
