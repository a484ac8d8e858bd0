"""How the canvas shows a project: saved with it, but no part of the network and no undo step."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer

from cnn_studio.graph.layout import Direction

_MAX_FOLDED = 20_000


class ViewState(BaseModel):
    """Which blocks are folded, and where the network runs to.

    Attributes:
        folded: paths of the folded blocks; those that do not exist (any more, or yet) are kept and mean nothing.
            None where nobody has said so: large networks are then folded at first.
        direction: from top to bottom, or from left to right.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    folded: frozenset[str] | None = Field(None, max_length=_MAX_FOLDED)
    direction: Direction = "down"

    @field_serializer("folded")
    def _in_order(self, folded: frozenset[str] | None) -> list[str] | None:
        return None if folded is None else sorted(folded)

    @staticmethod
    def read(record: object) -> ViewState:
        """Return the state that a record describes; what cannot be read is no reason to refuse a project."""
        try:
            return ViewState.model_validate(record if record is not None else {})
        except ValidationError:
            return ViewState()
