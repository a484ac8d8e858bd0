"""The window of the manual: a list of pages with a search at the left, the page at the right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QScrollArea,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.spec import Family, LayerSpec
from cnn_studio.ui import theme
from cnn_studio.ui.manual.ideas import IDEAS, Idea
from cnn_studio.ui.manual.pages import IdeaPage, LayerPage, ManualPage

_ID = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class _Entry:
    """A page: the words it is found by, and what makes it."""

    words: str
    make: Callable[[], ManualPage]


class ManualWindow(QDialog):
    """Stays beside the main window; pages are made when they are first shown.

    Attributes:
        lab_wanted: emitted with the id of a laboratory.
        search: hides pages in which a word is not found.
        tree: ideas and layers.
    """

    lab_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Manual")
        self.resize(theme.px(860), theme.px(660))
        self._entries: dict[str, _Entry] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._groups: list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = []
        self.search, self.tree, self._area = QLineEdit(), QTreeWidget(), QScrollArea()
        self.search.setPlaceholderText("Search the manual")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the manual")
        self.search.textChanged.connect(self._filter)
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName("Pages")
        self.tree.currentItemChanged.connect(self._show_current)
        self._area.setWidgetResizable(True)
        self._area.setAccessibleName("Page")
        self._fill()
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(self._area)
        split.setStretchFactor(1, 1)
        split.setSizes([theme.px(230), theme.px(630)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(theme.current().space.m),) * 4)
        layout.addWidget(split)
        self.open_page(IDEAS[0].id)

    @property
    def page(self) -> ManualPage:
        """The page that is shown."""
        found = self._area.widget()
        assert isinstance(found, ManualPage)  # nothing else is put there
        return found

    def open_page(self, page_id: str) -> None:
        """Show a page.

        Args:
            page_id: the id of an idea, or of a layer type; an unknown one changes nothing.
        """
        item = self._items.get(page_id)
        if item is not None:
            self.search.clear()
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)

    def _fill(self) -> None:
        self._add_group("Ideas", [(idea.id, idea.title, _of_idea(idea)) for idea in IDEAS])
        for family in Family:
            specs = [spec for spec in all_specs() if spec.family is family]
            self._add_group(family.title, [(spec.id, spec.title, _of_layer(spec)) for spec in specs])

    def _add_group(self, title: str, pages: list[tuple[str, str, _Entry]]) -> None:
        group = QTreeWidgetItem([title])
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.tree.addTopLevelItem(group)
        items = []
        for page_id, name, entry in pages:
            item = QTreeWidgetItem([name])
            item.setData(0, _ID, page_id)
            group.addChild(item)
            items.append(item)
            self._entries[page_id], self._items[page_id] = entry, item
        self._groups.append((group, items))
        group.setExpanded(title == "Ideas")

    @Slot()
    def _show_current(self) -> None:
        item = self.tree.currentItem()
        page_id = item.data(0, _ID) if item is not None else None
        if page_id is None:
            return
        page = self._entries[page_id].make()
        page.lab_wanted.connect(self.lab_wanted)
        self._area.setWidget(page)
        self._area.verticalScrollBar().setValue(0)

    @Slot(str)
    def _filter(self, text: str) -> None:
        wanted = text.lower().split()
        for page_id, item in self._items.items():
            words = self._entries[page_id].words
            item.setHidden(not all(word in words for word in wanted))
        for at, (group, items) in enumerate(self._groups):
            is_empty = all(item.isHidden() for item in items)
            group.setHidden(is_empty)
            group.setExpanded(not is_empty if wanted else at == 0)


def _of_idea(idea: Idea) -> _Entry:
    words = " ".join((idea.title, *idea.text, idea.try_it, *(shown.caption for shown in idea.shown)))
    return _Entry(words.lower(), partial(IdeaPage, idea))


def _of_layer(spec: LayerSpec) -> _Entry:
    words = (spec.title, spec.id, spec.help, *spec.keywords, *(f"{p.title} {p.help}" for p in spec.params))
    return _Entry(" ".join(words).lower(), partial(LayerPage, spec))
