"""The tutorial's loop in a process of its own: each line of input measures it once and prints images per second."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from rows.training import CASES, document_of, images_of, tutorial_loop  # noqa: E402 - the path is set above


def main(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    with TemporaryDirectory() as scratch:
        data, images = images_of(case, Path(scratch))
        measure = tutorial_loop(case, images, document_of(case, data))
        for _ in sys.stdin:
            print(measure(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
