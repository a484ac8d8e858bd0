"""What the page of sources does in jobs, and what it says of a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.jobs import Job
from cnn_studio.app.sources import OpenedSource, open_source
from cnn_studio.graph.spec import shape_text
from cnn_studio.ui.panels.network_table import list_into
from cnn_studio.ui.status import macs_text

if TYPE_CHECKING:
    from cnn_studio.app.run_summary import RunSummary
    from cnn_studio.transfer.card import NetworkCard


@dataclass(frozen=True, slots=True)
class Opened:
    """A source under the name and with the file by which it was opened."""

    name: str
    weights: Path | None
    source: OpenedSource


def list_published(job: Job) -> None:
    """Report the networks to begin from, as `ListedNetworks`."""
    # importing the libraries takes seconds: only in the job's thread
    from cnn_studio.transfer.sources import list_sources

    list_into(job, list_sources)


def open_named(name: str, weights: Path | None, job: Job) -> None:
    """Open a source and report it, as an `Opened`."""
    job.report(Opened(name, weights, open_source(name, weights=weights)))


def card_facts(card: NetworkCard) -> str:
    """Return what is known of a published network, in one line."""
    _, height, width = card.input_size
    parts = [f"{card.family}, from {card.source}"]
    if card.params is not None:
        parts.append(f"{card.params:,} parameters")
    if card.macs is not None:
        parts.append(macs_text(card.macs))
    if card.accuracy is not None:
        told = f" ({card.accuracy_source})" if card.accuracy_source else ""
        parts.append(f"{card.accuracy:.1f} % top-1 on ImageNet{told}")
    else:
        parts.append("accuracy not published with these weights")
    parts.append(f"images of {height} × {width}")
    if card.origin:
        parts.append(f"weights by {card.origin}")
    parts.append(f"licence: {card.licence or 'not stated'}")
    return " · ".join(parts)


def network_facts(opened: OpenedSource) -> str:
    """Return what an opened network is, in one line."""
    document = opened.project.document
    entry = next((layer.params for layer in document.layers.values() if layer.type == "input"), None)
    shape = shape_text((entry["channels"], entry["height"], entry["width"])) if entry else "unknown"
    labels = document.info.labels
    classes = f" · {len(labels):,} classes" if labels else ""
    return f"{document.info.name} · images of {shape}{classes}"


def run_text(run: RunSummary) -> str:
    """Return a kept run in a few words that tell it from others of the same network."""
    folder = Path(str(run.data.get("folder", ""))).name
    where = f" on {folder}" if folder else ""
    right = f", {100 * run.val_accuracy:.1f} % right" if run.val_accuracy is not None else ""
    return f"{run.id}: {run.name}{where}{right}"
