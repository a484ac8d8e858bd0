"""Counts parameters and multiply-accumulates of timm's networks into ``resources/timm_counts.json``.

timm's settings say neither, and building a network to count takes up to seconds, so the numbers travel with the program.

    python tests/tools/count_timm.py [NAME...]
"""

from __future__ import annotations

import json
import sys

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.resources import resources_folder
from cnn_studio.transfer import timm_networks
from cnn_studio.transfer.opening import open_network


def count(name: str) -> tuple[int, int]:
    """Return parameters, and multiply-accumulates for one image of the size that the network was trained on."""
    report = infer_shapes(open_network(f"timm:{name}").document)
    ids = report.document.layers
    return sum(report.num_params(i) or 0 for i in ids), sum(report.macs(i) or 0 for i in ids)


def main(wanted: list[str]) -> None:
    file = resources_folder() / "timm_counts.json"
    found = json.loads(file.read_text()) if wanted and file.exists() else {}
    for card in timm_networks.list_cards():
        if card.opens and (not wanted or card.name in wanted):
            try:
                found[card.name] = count(card.name)
            except StudioError as error:
                print(f"{card.name}: {error}")
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found))
    file.write_text(f"{{\n{lines}\n}}\n")
    print(f"{len(found)} networks, {file}")


if __name__ == "__main__":
    main(sys.argv[1:])
