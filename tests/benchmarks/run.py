"""Measures how fast the program is, ours against a reference in the same run.

    python tests/benchmarks/run.py [NAME...] [--json FILE] [--budget SECONDS]

Each row says what was measured, the goal, and whether it is met. NAME is a group (``startup``) or one row
(``startup.first_paint``). The exit code is 1 only if a row could not be measured; a missed goal is a result.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from measure import Budget, Row  # noqa: E402 - the path is set above
from rows import (  # noqa: E402 - the path is set above
    canvas,
    costs,
    gui,
    imports,
    inspect,
    pipeline,
    plots,
    shapes,
    startup,
    thumbs,
    training,
    transfer,
)

from cnn_studio.app.threads import prepare_process  # noqa: E402

GROUPS = {
    "startup": startup.rows,
    "shapes": shapes.rows,
    "shapes_resnet152": canvas.shapes_rows,
    "open_resnet152": canvas.canvas_rows,
    "canvas_pan": canvas.canvas_rows,
    "canvas_zoom": canvas.canvas_rows,
    "edit": canvas.canvas_rows,
    "import_all": imports.rows,
    "thumbs": thumbs.rows,
    "gui_latency": gui.latency_rows,
    "plot_million": plots.rows,
    "augment": pipeline.augment_rows,
    "folder_first_epoch": pipeline.folder_rows,
    "folder_next_epochs": pipeline.folder_rows,
    **{case.name: training.rows_of(case) for case in training.CASES},
    "train_lenet_with_window": gui.lenet_with_window_rows,
    "train_smallcnn_with_window": gui.smallcnn_with_window_rows,
    "transfer_svm": transfer.rows,
    "codes": transfer.rows,
    "frozen_20_epochs": transfer.rows,
    "finetune_last_stage": transfer.rows,
    "inspect_lenet": inspect.window_rows,
    "draw_predict": inspect.window_rows,
    "inspect_maps": inspect.lenet_rows,
    "inspect_resnet50": inspect.resnet50_rows,
    "events": costs.events_rows,
    "memory": costs.memory_rows,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(GROUPS)}, or a row of one"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as a JSON list")
    parser.add_argument(
        "--budget", type=float, default=600.0, metavar="SECONDS", help="about how long all may take"
    )
    given = parser.parse_args()
    unknown = [name for name in given.names if name.split(".")[0] not in GROUPS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(GROUPS)}")
    wanted: dict[Callable[[Budget], Iterator[Row]], str] = {}  # one measurement can give several groups
    for group, measure in GROUPS.items():
        if not given.names or any(n.split(".")[0] == group for n in given.names):
            wanted.setdefault(measure, group)
    prepare_process()  # as the program does
    found: list[Row] = []
    failed = False
    end = time.monotonic() + given.budget
    for number, (measure, group) in enumerate(wanted.items()):
        share = max(10.0, (end - time.monotonic()) / (len(wanted) - number))
        try:
            for row in measure(Budget(share)):
                if given.names and not any(
                    row.name == n or row.name.startswith(f"{n}.") for n in given.names
                ):
                    continue
                found.append(row)
                print(row.text(), flush=True)
                if given.json:
                    given.json.write_text(json.dumps([asdict(r) for r in found], indent=1))
        except Exception:  # noqa: BLE001 - one group that cannot be measured must not hide the others
            failed = True
            print(f"{group} could not be measured:", file=sys.stderr)
            traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
