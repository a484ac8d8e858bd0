"""What differs between runs: results, settings, data, network, versions and how they computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnn_studio.app.run_summary import RunSummary
from cnn_studio.engine.settings import TrainSettings

_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which runs differ.

    Attributes:
        group: ``Result``, ``Settings``, ``Data``, ``Versions`` or ``Speed``.
        name: such as ``Learning rate``.
        values: one text per run, in their order.
    """

    group: str
    name: str
    values: tuple[str, ...]


def differences(runs: Sequence[RunSummary], describe: Callable[[RunSummary], str]) -> list[Difference]:
    """Return everything in which these runs differ, results first; what is alike in all is left out.

    Args:
        runs: two or more; of one alone everything that is known is returned.
        describe: a run's data in words.
    """
    rows = [
        *_rows("Result", [_results(run) for run in runs]),
        *_rows("Network", [{"Name": run.name} for run in runs]),
        *_rows("Settings", [_settings(run.settings) for run in runs]),
        *_rows("Data", [{"Images": describe(run), **_data(run.data)} for run in runs]),
        *_rows("Speed", [_named(run.tuning or {}) for run in runs]),
        *_rows("Versions", [_named(run.versions) for run in runs]),
    ]
    return [row for row in rows if len(runs) < 2 or len(set(row.values)) > 1]


def _rows(group: str, records: Sequence[Mapping[str, str]]) -> list[Difference]:
    names = list(dict.fromkeys(name for record in records for name in record))
    return [Difference(group, name, tuple(r.get(name, _NOTHING) for r in records)) for name in names]


def _results(run: RunSummary) -> dict[str, str]:
    found = {
        "Status": run.status,
        "Kept epoch": _text(run.epoch),
        "Validation accuracy": _percent(run.val_accuracy),
        "Test accuracy": _percent(run.test_accuracy),
        "Images per second": _NOTHING if run.images_per_second is None else f"{run.images_per_second:,.0f}",
    }
    if run.seconds is not None:  # between start and end, a resumed run may have stood still for days
        found["Time" if run.kind == "linear" else "Training time"] = _duration(run.seconds)
    elif run.ended is not None:
        found["Time"] = _duration(run.ended - run.started)
    if run.frozen_proof is not None:
        found["Frozen layers"] = (
            "unchanged" if run.frozen_proof.holds else f"changed: {', '.join(run.frozen_proof.changed)}"
        )
    if run.message:
        found["Message"] = run.message
    return found


def _settings(record: Mapping[str, Any]) -> dict[str, str]:
    fields = TrainSettings.model_fields
    found: dict[str, str] = {}
    for name, value in record.items():
        title = fields[name].title if name in fields else None
        if isinstance(value, Mapping):  # a group of its own, such as how images are varied
            found |= {f"{title or _words(name)}: {_words(key)}": _text(part) for key, part in value.items()}
        else:
            found[title or _words(name)] = _text(value)
    return found


def _data(record: Mapping[str, Any]) -> dict[str, str]:
    return {_words(key): _text(value) for key, value in record.items() if key not in ("kind", "folder")}


def _named(record: Mapping[str, Any]) -> dict[str, str]:
    return {_words(key): _text(value) for key, value in record.items()}


def _words(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _text(value: Any) -> str:
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(_text(part) for part in value) or _NOTHING
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(str(key))} {_text(part)}" for key, part in value.items()) or _NOTHING
    return str(value)


def _percent(value: float | None) -> str:
    return _NOTHING if value is None else f"{100 * value:.2f} %"


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
