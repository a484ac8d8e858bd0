"""What the inspector shows of a selected block: its name, what it comes to, what is in it, and what to do with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.session import Session
from cnn_studio.graph.block_edits import MAX_COPIES
from cnn_studio.graph.blocks import Block, block_ends
from cnn_studio.graph.spec import shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.panels.part_facts import FreezeBox, PartFacts, sums
from cnn_studio.ui.widgets.flow_layout import FlowLayout

_ROWS = 12  # as many of what is in the block are seen at once
_WHAT = Qt.ItemDataRole.UserRole


class BlockInfo(QWidget):
    """One block of the network, to be looked at and edited as a whole.

    Attributes:
        name: the field of its path.
        facts: what it comes to.
        freeze: whether its layers train.
        inside: the layers and blocks right in it; a click selects one.
        copies: how many copies the button beside adds.
    """

    def __init__(self, session: Session, view: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._block: Block | None = None
        self._listed: list[tuple[str, str, str]] = []
        self.name = QLineEdit()
        self.name.setToolTip("The block's path: the beginning of the names of all layers in it.")
        self.name.setAccessibleName("Block name")
        self.name.editingFinished.connect(self._rename)
        kind = QLabel("Block")
        theme.set_role(kind, "muted")
        head = QHBoxLayout()
        head.setSpacing(theme.px(8))
        head.addWidget(self.name, 1)
        head.addWidget(kind)
        self.facts = PartFacts(("Layers", "Parameters", "MACs", "Shape", "Sees", "Inputs"))
        self.freeze = FreezeBox()
        self.freeze.chosen.connect(self._freeze)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(8))
        layout.addLayout(head)
        layout.addWidget(self.facts)
        layout.addWidget(self.freeze)
        layout.addWidget(self._make_buttons())
        layout.addWidget(self._make_repeat())
        caption = QLabel("In this block")
        theme.set_role(caption, "caption")
        layout.addWidget(caption)
        self.inside = self._make_list()
        layout.addWidget(self.inside)

    def _make_buttons(self) -> QWidget:
        row = QWidget()
        flow = FlowLayout(row, theme.px(6))
        self._fold = QPushButton()
        self._fold.clicked.connect(self._toggle)
        ungroup = QPushButton("Ungroup")
        ungroup.setToolTip("Dissolve the block; its layers move up by one level (Ctrl+Shift+G)")
        ungroup.clicked.connect(self._view.blocks.ungroup)
        keep = QPushButton("Save to My blocks…")
        keep.setToolTip("Keep a copy in the palette, for other networks")
        keep.clicked.connect(self._view.blocks.keep)
        for button in (self._fold, ungroup, keep):
            flow.addWidget(button)
        return row

    def _make_repeat(self) -> QWidget:
        row = QWidget()
        flow = FlowLayout(row, theme.px(6))
        self.copies = QSpinBox()
        self.copies.setRange(1, MAX_COPIES)
        self.copies.setAccessibleName("Copies")
        self.copies.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.repeat = QPushButton("Add copies behind")
        self.repeat.setToolTip("Chain so many copies of the block behind it (Ctrl+R)")
        self.repeat.clicked.connect(self._repeat)
        flow.addWidget(self.copies)
        flow.addWidget(self.repeat)
        return row

    def _make_list(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setColumnCount(3)
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.setAccessibleName("Layers in this block")
        header = tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(theme.px(40))
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setMaximumSectionSize(theme.px(104))
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        tree.itemClicked.connect(self._go)
        tree.itemActivated.connect(self._go)
        return tree

    # -------------------------------------------------------------------------------------------------------- showing

    def show_block(self, block: Block) -> None:
        """Show a block as it is now."""
        is_other = self._block is None or self._block.path != block.path
        self._block = block
        if is_other or not self.name.hasFocus():
            self.name.setText(block.path)
        report = self._session.report()
        self.facts.show_values({**sums(report, block.members), **self._places(block)})
        self.freeze.show_layers(report, block.members)
        is_folded = block.path in {found.path for found in self._view.network.picture.folded.values()}
        self._fold.setText("Unfold" if is_folded else "Fold")
        self._fold.setToolTip(
            "Show what is in it (Ctrl+Down)" if is_folded else "Show it as one card (Ctrl+Up)"
        )
        self._fill(block)

    def forget(self) -> None:
        """Show no block any more: what is typed in the name is not meant for the next one."""
        self._block = None

    def _places(self, block: Block) -> dict[str, str]:
        """Return in words what goes into the block and out of it, and how far it sees."""
        report, document = self._session.report(), self._session.document
        ends = block_ends(document, block.members)
        shapes = [
            [shape for i in ids if (shape := report.states[i].shape) is not None]
            for ids in (ends.sources, ends.results)
        ]
        texts = [" + ".join(dict.fromkeys(shape_text(shape) for shape in found)) for found in shapes]
        count = len(block.members)
        kinds = f"{count:,}, in {len(block.children):,} blocks" if len(block.children) > 1 else f"{count:,}"
        return {
            "Layers": kinds,
            "Shape": " → ".join(text for text in texts if text) if texts[1] else "",
            "Sees": self._reach(ends.sources, ends.results),
            "Inputs": ", ".join(document.layer(i).path for i in ends.sources)
            if len(ends.sources) > 1
            else "",
        }

    def _reach(self, sources: tuple[int, ...], results: tuple[int, ...]) -> str:
        """Return how the receptive field grows through the block."""
        fields = self._session.analysis().fields
        known = [[fields[i] for i in ids if i in fields] for ids in (sources, results)]
        if not known[0] or not known[1]:
            return ""
        before, behind = (
            " × ".join(str(max(field[axis].cells for field in found)) for axis in (0, 1)) for found in known
        )
        if before == behind:
            return f"{behind} pixels, as before it"
        return f"{before} → {behind} pixels of the image"

    def _fill(self, block: Block) -> None:
        self.inside.ensurePolished()  # the style makes the rows higher
        rows = self._rows(block)
        if rows == self._listed and self.inside.topLevelItemCount():
            return
        self._listed = rows
        self.inside.clear()
        for name, what, shape in rows:
            item = QTreeWidgetItem([name, what, shape])
            item.setData(0, _WHAT, name)
            item.setToolTip(0, f"{block.path}.{name}: {what}")
            item.setForeground(1, theme.qcolor("muted"))
            item.setForeground(2, theme.qcolor("muted"))
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.inside.addTopLevelItem(item)
        height = self.inside.sizeHintForRow(0) if rows else 0
        self.inside.setFixedHeight(min(len(rows), _ROWS) * height + theme.px(4))

    def _rows(self, block: Block) -> list[tuple[str, str, str]]:
        """Return name, kind and output shape of the layers and blocks right in a block, in order."""
        report, tree = self._session.report(), self._view.network.tree
        found: dict[str, tuple[str, str, str]] = {}
        for layer_id in block.members:
            layer = report.document.layer(layer_id)
            name, dot, _ = layer.path[len(block.path) + 1 :].partition(".")
            shape = report.states[layer_id].shape
            if dot:
                count = len(tree[f"{block.path}.{name}"].members)
                what = f"× {count:,} layers" if count > 1 else "× 1 layer"
            else:
                spec = layer.spec
                what = (spec.caption(layer.params) or spec.title) if spec is not None else layer.type
            found[name] = name, what, shape_text(shape) if shape is not None else ""
        return list(found.values())

    # -------------------------------------------------------------------------------------------------------- editing

    @Slot(QTreeWidgetItem, int)
    def _go(self, item: QTreeWidgetItem, _column: int) -> None:
        if self._block is None:
            return
        path = f"{self._block.path}.{item.data(0, _WHAT)}"
        if path in self._view.network.tree:
            self._view.select_block(path)
        elif path in self._session.document.paths:
            self._view.reveal(self._session.document.paths[path])

    @Slot()
    def _rename(self) -> None:
        block, wanted = self._block, self.name.text().strip()
        if block is not None and wanted != block.path and not self._view.blocks.rename(block.path, wanted):
            self.name.setText(block.path)

    @Slot(bool)
    def _freeze(self, trainable: bool) -> None:
        self._view.operations.set_frozen(not trainable)

    @Slot()
    def _toggle(self) -> None:
        if self._block is not None:
            folds = self._view.folds
            (folds.fold if self._fold.text() == "Fold" else folds.unfold)(self._block.path)
            self.show_block(self._block)

    @Slot()
    def _repeat(self) -> None:
        self._view.blocks.repeat(self.copies.value())
