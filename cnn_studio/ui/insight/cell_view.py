"""The convolution itself: how the chosen cell of the chosen layer comes about, in pictures and in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.insight.windows import Box
from cnn_studio.ui import theme
from cnn_studio.ui.insight.cell_asking import Asking
from cnn_studio.ui.insight.cell_facts import Facts
from cnn_studio.ui.insight.cell_panes import cell_box, columns_of
from cnn_studio.ui.insight.cell_player import ChannelBar, Player, PlayerBar
from cnn_studio.ui.insight.cell_slides import Fact, Slides
from cnn_studio.ui.insight.cell_stage import Stage
from cnn_studio.ui.insight.cell_sums import Sums
from cnn_studio.ui.widgets.flow_layout import FlowLayout
from cnn_studio.ui.widgets.hint import hint_label

if TYPE_CHECKING:
    from cnn_studio.insight.regions import Cell
    from cnn_studio.ui.insight.state import InsightState

HINT = "Click a cell of a map, or press Play."


class WrittenCell(QWidget):
    """Writes out the chosen cell, and plays the layer's window over the map below.

    It follows the state and changes it: a click, the arrow keys, and playing choose cells. While it is hidden it does
    nothing, and the clock stands still.

    Attributes:
        state: what is chosen.
        facts: the cell that is written out; None before there is one.
        slides: where the chosen layer's window goes; None without a look.
        channel: place in the patch of the channel that is shown.
    """

    def __init__(self, state: InsightState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.facts: Facts | None = None
        self.slides: Slides | None = None
        self.channel = 0
        self._follows = True
        self.asking = Asking(state, self)
        self.asking.answered.connect(self._show_facts)
        self.asking.failed.connect(self._say)
        self.player = Player(self)
        self._build()
        self._connect()
        self.setAccessibleName("How a cell comes about")
        self._layer_changed()

    def _build(self) -> None:
        self.title, self.never, self.formula = QLabel(), QLabel(), QLabel()
        self.steps, self.result, self.note = QLabel(), QLabel(), QLabel()
        roles = ("title", "warning", "mono", "mono", "strong", "muted")
        labels = (self.title, self.never, self.formula, self.steps, self.result, self.note)
        for label, role in zip(labels, roles, strict=True):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            theme.set_role(label, role)
        self.formula.setToolTip("The rule in letters: x are the values below, w the weights, b the bias.")
        self.chips = QWidget()
        self._chips = FlowLayout(self.chips, theme.px(14))
        self.stage, self.sums = Stage(), Sums()
        self.bar, self.channels = PlayerBar(), ChannelBar()
        self.hint = hint_label(HINT)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(*(theme.px(12),) * 4)
        column.setSpacing(theme.px(10))
        for widget in (
            self.title,
            self.chips,
            self.stage,
            self.never,
            self.bar,
            self.hint,
            self.channels,
            self.sums,
        ):
            column.addWidget(widget)
        for label in (self.formula, self.steps, self.result, self.note):
            column.addWidget(label)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setFocusProxy(self.stage)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self.setFocusProxy(self.stage)

    def _connect(self) -> None:
        state = self.state
        state.looked.connect(self._looked)
        state.layer_changed.connect(self._layer_changed)
        state.cell_changed.connect(self._cell_changed)
        self.stage.picked.connect(self._pick)
        self.stage.moved.connect(self._move)
        self.stage.toggled.connect(self.toggle)
        self.bar.toggled.connect(self.toggle)
        self.bar.stepped.connect(self.step)
        self.bar.speed_changed.connect(self.player.set_speed)
        self.player.changed.connect(self._playing_changed)
        self.player.due.connect(self._play_on)
        self.channels.stepped.connect(lambda by: self.show_channel(self.channel + by))
        self.channels.follows.connect(self._set_follows)
        self.sums.channel_picked.connect(self.show_channel)

    # -------------------------------------------------------------------------------------------------- what is chosen

    @Slot()
    def _looked(self) -> None:
        if self.state.look is None:
            self._layer_changed()

    @Slot()
    def _layer_changed(self) -> None:
        self.player.stop()
        self.asking.drop()
        if not self.isVisible():
            self.slides = None
            return
        look, layer = self.state.look, self.state.layer
        self.facts = None
        self.slides = Slides(look, layer) if look is not None and layer is not None else None
        self.stage.show_layer(look, self.slides)
        if look is not None and layer is not None:
            sources = look.network.document.sources_of(layer)
            self.stage.show_source((sources[0], 0) if sources and sources[0] in look.layers else None)
        self.never.setText(self.slides.never_text if self.slides is not None else "")
        self.never.setVisible(bool(self.never.text()))
        self.bar.setEnabled(self.slides is not None)
        self._show_nothing()
        self._cell_changed()

    @Slot()
    def _cell_changed(self) -> None:
        state, slides = self.state, self.slides
        if not self.isVisible() or slides is None or state.look is None or state.layer != slides.layer_id:
            return
        if state.cell is None:
            self.player.stop()
            self.asking.drop()
            self.facts = None
            self.stage.show_cell(None, None, None)
            self._show_nothing()
            return
        known = self.facts
        if known is not None and known.look is state.look and known.done.cell == state.cell:
            return
        self.stage.show_cell(state.cell, slides.box(state.cell), None)
        self.asking.ask(state.look, slides.layer_id, state.cell)

    def _show_nothing(self) -> None:
        look, slides = self.state.look, self.slides
        path = look.layers[slides.layer_id].path if look is not None and slides is not None else ""
        self.title.setText(f"How a cell of {path} comes about" if path else "How a cell comes about")
        self.sums.show_facts(None)
        self._say(HINT)
        self._show_chips()

    @Slot(str)
    def _say(self, text: str) -> None:
        """Show a sentence in place of a sum."""
        self.hint.setText(text)
        self.hint.show()
        for widget in (self.sums, self.channels, self.formula, self.steps, self.result, self.note):
            widget.hide()

    # ------------------------------------------------------------------------------------------------- what is written

    @Slot(object)
    def _show_facts(self, facts: Facts) -> None:
        slides = self.slides
        if slides is None or facts.done.layer_id != slides.layer_id:
            return
        before, self.facts = self.facts, facts
        keeps = before is not None and before.depth == facts.depth
        if self._follows and not (self.player.is_playing and keeps):
            self.channel = facts.strongest
        self.channel = min(self.channel, facts.depth - 1)
        self.title.setText(facts.title)
        texts = (
            (self.formula, f"y = {facts.done.formula}" if facts.done.formula else ""),
            (self.steps, facts.text()),
            (self.result, facts.result),
            (self.note, facts.done.note),
        )
        for label, text in texts:
            label.setText(text)
            label.setVisible(bool(text))
        self.hint.hide()
        self.sums.setVisible(facts.kind != "note")
        self._show_chips()
        self._show_channel()

    def _show_chips(self) -> None:
        facts, slides = self.facts, self.slides
        found: list[Fact] = []
        if slides is not None:
            found = slides.facts() if facts is None else slides.facts(facts.done.bias, facts.done.divisor)
        old = self.chips.findChildren(QLabel)
        if [label.text() for label in old] != [fact.text for fact in found]:
            for label in old:
                self._chips.removeWidget(label)
                label.setParent(None)
                label.deleteLater()
            for fact in found:
                label = QLabel(fact.text)
                theme.set_role(label, "small")
                self._chips.addWidget(label)
                label.show()
        for label, fact in zip(self.chips.findChildren(QLabel), found, strict=True):
            label.setToolTip(fact.help)
            label.setAccessibleDescription(fact.help)
        self.chips.setVisible(bool(found))

    @Slot(int)
    def show_channel(self, place: int) -> None:
        """Show one channel of the patch, and stay with it."""
        if self.facts is None or not 0 <= place < self.facts.depth:
            return
        self._follows = False
        self.channels.strongest.setChecked(False)
        self.channel = place
        self._show_channel()

    @Slot(bool)
    def _set_follows(self, follows: bool) -> None:
        self._follows = follows
        if follows and self.facts is not None:
            self.channel = self.facts.strongest
            self._show_channel()

    def _show_channel(self) -> None:
        facts, slides = self.facts, self.slides
        if facts is None or slides is None:
            return
        depth = facts.depth
        self.channels.setVisible(depth > 1)
        if depth > 1:
            self.channels.show_channel(int(facts.done.patches[0].channels[self.channel]), self.channel, depth)
        source = self._source(facts)
        if source is not None:
            self.stage.show_source(source)
        self.stage.show_cell(facts.done.cell, self._window(facts, slides), facts.done.region.box)
        self.sums.show_facts(facts, self.channel)

    def _source(self, facts: Facts) -> tuple[int, int] | None:
        """Return which map of which layer below is shown."""
        own = facts.done.cell[0]
        if not facts.done.patches:
            sources = facts.look.network.document.sources_of(facts.done.layer_id)
            below = facts.look.layers.get(sources[0]) if sources else None
            return (
                (sources[0], min(own, len(below) - 1) if below.has_maps else 0) if below is not None else None
            )
        patch = facts.done.patches[0]
        if not facts.look.layers[patch.source].has_maps:
            return patch.source, 0
        place = (
            self.channel
            if facts.depth > 1
            else list(patch.channels).index(own)
            if own in patch.channels
            else 0
        )
        return patch.source, int(patch.channels[place])

    def _window(self, facts: Facts, slides: Slides) -> Box | None:
        """Return what is read of the map below."""
        box = slides.box(facts.done.cell)
        if box is not None or not facts.done.patches:
            return box
        patch = facts.done.patches[0]
        layer = facts.look.layers[patch.source]
        if layer.has_maps:
            return patch.box
        return (
            cell_box((int(patch.channels[0]),), columns_of(len(layer))) if len(patch.channels) == 1 else None
        )

    # --------------------------------------------------------------------------------------------------------- playing

    @Slot()
    def toggle(self) -> None:
        """Play, or pause."""
        self.player.stop() if self.player.is_playing else self.play()

    @Slot()
    def play(self) -> None:
        """Slide the window on from the chosen cell; from the first one where none is chosen or all have been shown."""
        slides, cell = self.slides, self.state.cell
        if slides is None:
            return
        if cell is None or slides.number(cell) == len(slides) - 1:
            self._choose(0)
        self.player.start()

    @Slot()
    def _play_on(self) -> None:
        if self.asking.is_waiting:
            return  # no position is left out, however slow
        slides, cell = self.slides, self.state.cell
        if slides is None or cell is None:
            self.player.stop()
            return
        at = slides.number(cell) + 1
        if at < len(slides):
            self._choose(at)
        if at >= len(slides) - 1:
            self.player.stop()

    @Slot(int)
    def step(self, by: int) -> None:
        """Go on or back by some positions, and pause."""
        self.player.stop()
        slides, cell = self.slides, self.state.cell
        if slides is not None:
            at = slides.number(cell) + by if cell is not None else 0
            self._choose(min(max(at, 0), len(slides) - 1))

    def _choose(self, number: int) -> None:
        cell = self.state.cell
        assert self.slides is not None
        self.state.choose_cell(self.slides.cell(number, cell[0] if cell is not None else 0))

    @Slot(object)
    def _pick(self, cell: Cell) -> None:
        self.player.stop()
        self.state.choose_cell(cell)

    @Slot(int, int)
    def _move(self, rows: int, columns: int) -> None:
        self.player.stop()
        slides, cell = self.slides, self.state.cell
        if slides is None:
            return
        self.state.choose_cell(slides.moved(cell, rows, columns) if cell is not None else slides.cell(0))

    @Slot(bool)
    def _playing_changed(self, is_playing: bool) -> None:
        self.bar.show_playing(is_playing)
        if not is_playing and self._follows and self.facts is not None:
            self.channel = self.facts.strongest
            self._show_channel()

    def drop(self) -> None:
        """End what goes on: the clock, and a cell that is being written out."""
        self.player.stop()
        self.asking.drop()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.slides is None or self.slides.layer_id != self.state.layer:
            self._layer_changed()
        else:
            self._cell_changed()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.drop()
