"""Parameters that are lists: whole numbers of any count, and tables of connections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnn_studio.core.params import Param, Value, whole_numbers


@dataclass(frozen=True, slots=True)
class Integers(Param):
    """`least` to `most` whole numbers, each from `minimum` to `maximum`."""

    minimum: int = 0
    maximum: int = 1_000_000
    least: int = 1
    most: int = 6

    @property
    def range_text(self) -> str:
        return (
            f"{self.least} to {self.most} whole numbers from {self.minimum:,} to {self.maximum:,}, "
            "separated by commas"
        )

    def parse(self, raw: object) -> tuple[int, ...]:
        found = whole_numbers(raw)
        if found is None or not self.least <= len(found) <= self.most:
            raise self.refuse(raw)
        if any(not self.minimum <= n <= self.maximum for n in found):
            raise self.refuse(raw)
        return tuple(found)

    def text(self, value: Value) -> str:
        return ", ".join(str(n) for n in value) if isinstance(value, tuple) else str(value)


MAX_CONNECTIONS = 100_000


@dataclass(frozen=True, slots=True)
class Connections(Param):
    """Which inputs each output is joined to: a row of input numbers per output, each row in rising order."""

    max_rows: int = 4_096
    maximum: int = 65_535

    @property
    def range_text(self) -> str:
        return (
            "one list of input maps per filter, counted from 0 and separated by semicolons, such as "
            f"0 1 2; 1 2 3 (at most {self.max_rows:,} filters and {MAX_CONNECTIONS:,} connections, no map twice)"
        )

    def parse(self, raw: object) -> tuple[tuple[int, ...], ...]:
        rows = _rows(raw)
        if rows is None or not 1 <= len(rows) <= self.max_rows:
            raise self.refuse(raw)
        table = []
        for row in rows:
            found = whole_numbers(row)
            if not found or len(set(found)) != len(found) or min(found) < 0 or max(found) > self.maximum:
                raise self.refuse(raw)
            table.append(tuple(sorted(found)))
        if sum(map(len, table)) > MAX_CONNECTIONS:
            raise self.refuse(raw)
        return tuple(table)

    def text(self, value: Value) -> str:
        if not isinstance(value, tuple):
            return str(value)
        return "; ".join(" ".join(map(str, row)) if isinstance(row, tuple) else str(row) for row in value)


def _rows(raw: object) -> list[object] | None:
    if isinstance(raw, str):
        # a semicolon that was just typed is no empty filter yet
        return list(raw.strip().rstrip(";").replace("\n", ";").split(";"))
    if isinstance(raw, list | tuple):
        rows: Iterable[object] = raw
        return list(rows)
    return None
