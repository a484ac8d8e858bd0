"""Writing out a cell without holding up the window: at once where that is quick, in a job where it is not."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.jobs import Job
from cnn_studio.core.errors import GraphError
from cnn_studio.graph.spec import product
from cnn_studio.ui.insight.cell_facts import Facts

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look
    from cnn_studio.insight.regions import Cell
    from cnn_studio.ui.insight.state import InsightState

QUICK_SECONDS = 0.015
_QUICK_NUMBERS = 300_000
"""Values and weights up to a layer with which a cell of it is surely quick: some milliseconds."""


@dataclass(frozen=True, slots=True)
class _Answer:
    facts: Facts | None
    message: str
    seconds: float


class Asking(QObject):
    """Writes out one cell at a time; of several asked for in a row, the last.

    How long the cells of a layer take is measured as they are asked for, and remembered until another look.

    Attributes:
        answered: with the `Facts`.
        failed: with the sentence that says why there are none.
    """

    answered = Signal(object)
    failed = Signal(str)

    def __init__(self, state: InsightState, parent: QObject) -> None:
        super().__init__(parent)
        self._state = state
        self._line = state.line(self)
        self._line.told.connect(self._take)
        self._look: Look | None = None
        self._seconds: dict[int, float] = {}
        self._asked = -1

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._line.is_busy

    def ask(self, look: Look, layer_id: int, cell: Cell) -> None:
        """Write out a cell."""
        self.drop()
        if look is not self._look:
            if self._look is None or look.network is not self._look.network:
                self._seconds.clear()
            self._look = look
        self._asked = layer_id
        if self._is_quick(look, layer_id):
            self._tell(_answer(look, layer_id, cell))
            return

        def work(job: Job) -> None:
            job.report(_answer(look, layer_id, cell))

        self._state.begin(self._line, "Writing out a cell", work)

    def drop(self) -> None:
        """Wait for no answer any more."""
        self._line.drop()

    def _is_quick(self, look: Look, layer_id: int) -> bool:
        known = self._seconds.get(layer_id)
        if known is not None:
            return known <= QUICK_SECONDS
        return _numbers_up_to(look, layer_id) <= _QUICK_NUMBERS

    @Slot(object)
    def _take(self, event: object) -> None:
        if isinstance(event, _Answer):
            self._tell(event)

    def _tell(self, answer: _Answer) -> None:
        self._seconds[self._asked] = min(answer.seconds, self._seconds.get(self._asked, answer.seconds))
        if answer.facts is not None:
            self.answered.emit(answer.facts)
        else:
            self.failed.emit(answer.message)


def _answer(look: Look, layer_id: int, cell: Cell) -> _Answer:
    from cnn_studio.insight.arithmetic import explain_cell

    began = time.perf_counter()
    try:
        facts, message = Facts(look, explain_cell(look, layer_id, cell)), ""
    except (GraphError, IndexError) as error:
        facts, message = None, str(error)
    return _Answer(facts, message, time.perf_counter() - began)


def _numbers_up_to(look: Look, layer_id: int) -> int:
    """Return how many values the layers up to one have, with the weights of the one."""
    runner = look.network.runner
    order = runner.layers
    before = order[: order.index(layer_id) + 1] if layer_id in order else ()
    values = sum(product(look.network.shape(at)) for at in before)
    return values + sum(tensor.numel() for tensor in runner.tensors(layer_id).values())
