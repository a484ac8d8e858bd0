"""What a run measured of each layer, in the store: written, thinned and read again; its size has a bound."""

from __future__ import annotations

import json
import math
import sqlite3
from itertools import groupby
from typing import Any, Literal

from cnn_studio.engine.events import GradientsMeasured, Histogram, WeightsMeasured

MOST = 2_000
"""Measurements of each layer that are kept; beyond, half as many stay or less, which lie evenly over the steps or epochs."""

Table = Literal["layers", "histograms"]

_ORDER: dict[Table, str] = {"layers": "step", "histograms": "epoch"}


def thin(connection: sqlite3.Connection, table: Table, run: int, most: int = MOST) -> None:
    """Forget measurements of a run beyond `most` so that half as many stay or less, the latest among them.

    What came since the last time is thinned as much as what was thinned before.
    """
    at = _ORDER[table]
    query = f"SELECT COUNT(DISTINCT {at}), MAX({at}) FROM {table} WHERE run = ?"
    count, last = connection.execute(query, (run,)).fetchone()
    if count > most:
        connection.execute(
            f"DELETE FROM {table} WHERE run = ? AND {at} NOT IN ({_even(table)})",
            (run, *_even_values(run, last, most // 2)),
        )


def read_gradients(
    connection: sqlite3.Connection, run: int, most: int = MOST // 2
) -> list[GradientsMeasured]:
    """Return gradient norms and update ratios of a run in order, about `most` measurements at the most."""
    rows = _rows(connection, "layers", run, most, "step, path, norm, ratio")
    found = []
    for step, group in groupby(rows, key=lambda row: row[0]):
        parts = list(group)
        # SQLite keeps what is no number as nothing
        norms = tuple((path, math.nan if norm is None else norm) for _, path, norm, _ in parts)
        ratios = tuple((path, ratio) for _, path, _, ratio in parts if ratio is not None)
        found.append(GradientsMeasured(step, norms, ratios))
    return found


def read_weights(connection: sqlite3.Connection, run: int, most: int = MOST // 2) -> list[WeightsMeasured]:
    """Return the histograms of the weights of a run in order, about `most` epochs at the most."""
    rows = _rows(connection, "histograms", run, most, "step, epoch, path, low, high, counts")
    return [
        WeightsMeasured(
            step,
            epoch,
            tuple(Histogram(path, low, high, tuple(json.loads(n))) for *_, path, low, high, n in group),
        )
        for (step, epoch), group in groupby(rows, key=lambda row: row[:2])
    ]


def _rows(
    connection: sqlite3.Connection, table: Table, run: int, most: int, columns: str
) -> list[tuple[Any, ...]]:
    """Read a table in order; beyond `most` evenly, for what was never thinned lies closer than the rest."""
    at = _ORDER[table]
    count, last = connection.execute(
        f"SELECT COUNT(DISTINCT {at}), MAX({at}) FROM {table} WHERE run = ?", (run,)
    ).fetchone()
    query, values = f"SELECT {columns} FROM {table} WHERE run = ?", [run]
    if count > most:
        query += f" AND {at} IN ({_even(table)})"
        values += _even_values(run, last, most)
    return connection.execute(f"{query} ORDER BY {at}, place", values).fetchall()


def _even(table: Table) -> str:
    """The query for the first step, or epoch, in each stretch of equal length, and for the last of all."""
    at = _ORDER[table]
    return f"SELECT MIN({at}) FROM {table} WHERE run = ? GROUP BY {at} / ? UNION SELECT ?"


def _even_values(run: int, last: int, stretches: int) -> tuple[int, int, int]:
    length = -(-(last + 1) // stretches)
    # powers of two, so that the stretches of a longer run are made of whole ones of before
    return run, 1 << (length - 1).bit_length(), last
