"""Draws the concept pictures of all layer types on contact sheets, with telling variants, in both themes.

    python tests/tools/concepts.py OUT [--theme light|dark] [--only TEXT] [--size 264x168]

Look at the sheets after each change of a picture: nothing may be cut off, cramped or unclear.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from cnn_studio.core.params import parse_values
from cnn_studio.graph.registry import all_specs, get_spec
from cnn_studio.graph.spec import Shape
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.registry import paint_concept

VARIANTS: list[tuple[str, dict[str, Any], tuple[Shape, ...]]] = [
    ("input", {"channels": 3, "height": 224, "width": 224}, ()),
    ("input", {"channels": 3, "height": 9, "width": 200}, ()),
    ("conv2d", {"out_channels": 16, "kernel_size": (5, 5), "stride": (2, 2)}, ((6, 14, 14),)),
    ("conv2d", {"out_channels": 64, "kernel_size": (7, 7), "stride": (2, 2), "padding": 3}, ((3, 224, 224),)),
    ("conv2d", {"out_channels": 96, "kernel_size": (11, 11), "stride": (4, 4)}, ((3, 227, 227),)),
    ("conv2d", {"out_channels": 256, "kernel_size": (3, 3), "padding": 1, "groups": 2}, ((96, 27, 27),)),
    ("conv2d", {"out_channels": 32, "kernel_size": (3, 3), "padding": 1, "groups": 32}, ((32, 56, 56),)),
    ("conv2d", {"out_channels": 8, "kernel_size": (3, 3), "padding": 2, "dilation": (2, 2)}, ((4, 12, 12),)),
    ("conv2d", {"out_channels": 64, "kernel_size": (1, 1), "stride": (2, 2)}, ((256, 56, 56),)),
    ("conv2d", {"out_channels": 64, "kernel_size": (9, 9)}, ((3, 6, 6),)),
    ("conv2d", {"out_channels": 4, "kernel_size": (3, 3), "stride": (5, 5)}, ((2, 16, 16),)),
    ("conv2d", {"out_channels": 120, "kernel_size": (5, 5)}, ((16, 5, 5),)),
    ("conv2d", {"out_channels": 9, "kernel_size": (1, 7), "padding": (0, 3)}, ((9, 17, 17),)),
    ("conv2d", {"out_channels": 9, "kernel_size": (900, 900)}, ((1, 5000, 5000),)),
    ("conv_transpose2d", {"kernel_size": (4, 4), "stride": (2, 2), "padding": (1, 1)}, ((8, 7, 7),)),
    (
        "conv_transpose2d",
        {"kernel_size": (3, 3), "stride": (2, 2), "output_padding": (1, 1)},
        ((8, 100, 100),),
    ),
    ("connection_conv2d", {}, ((6, 14, 14),)),
    ("connection_conv2d", {"table": ((0, 1), (1, 7))}, ((4, 14, 14),)),
    ("max_pool2d", {"kernel_size": (3, 3), "stride": (2, 2)}, ((64, 13, 13),)),
    ("max_pool2d", {"kernel_size": (3, 3), "stride": (2, 2), "ceil_mode": True}, ((64, 112, 112),)),
    ("max_pool2d", {}, ((6, 7, 7),)),
    ("adaptive_avg_pool2d", {"output_size": (6, 6)}, ((256, 13, 13),)),
    ("adaptive_max_pool2d", {"output_size": (3, 2)}, ((4, 8, 9),)),
    ("global_avg_pool", {}, ((512, 7, 7),)),
    ("spatial_mean", {"keepdim": True}, ((64, 28, 28),)),
    ("leaky_relu", {"negative_slope": 0.3}, ()),
    ("hardtanh", {"min_val": -2.0, "max_val": 0.5}, ()),
    ("elu", {"alpha": 3.0}, ()),
    ("softplus", {"beta": 0.3}, ()),
    ("softmax", {}, ((10,),)),
    ("batch_norm", {}, ((64, 56, 56),)),
    ("batch_norm", {}, ((84,),)),
    ("group_norm", {"groups": 2}, ((6, 8, 8),)),
    ("layer_norm", {"over": "last"}, ((7, 7, 96),)),
    ("layer_norm", {"over": "all"}, ((96, 7, 7),)),
    ("layer_scale", {"init": 0.4, "layout": "vector"}, ((7, 7, 96),)),
    ("local_response_norm", {"size": 3}, ((96, 55, 55),)),
    ("linear", {"out_features": 4096, "activation": "relu"}, ((9216,),)),
    ("linear", {"out_features": 384, "over": "last"}, ((56, 56, 96),)),
    ("linear", {"out_features": 3, "bias": False}, ((2,),)),
    ("flatten", {}, ((512, 7, 7),)),
    ("flatten", {}, ((3, 1, 1),)),
    ("add", {}, ((64, 56, 56), (64, 56, 56))),
    ("multiply", {}, ((64, 56, 56), (64, 1, 1))),
    ("multiply", {}, ((64, 56, 56), (1, 56, 56))),
    ("subtract", {}, ((84,), (84,))),
    ("add", {}, ((64, 56, 56), (64, 28, 28))),
    ("concat", {}, ((64, 28, 28), (128, 28, 28), (32, 28, 28), (32, 28, 28))),
    ("concat", {}, ((64, 28, 28), (64, 14, 14))),
    ("dropout", {"p": 0.2}, ((4096,),)),
    ("dropout2d", {"p": 0.5}, ((3, 9, 9),)),
    ("stochastic_depth", {"p": 0.3, "mode": "batch"}, ((64, 9, 9),)),
    ("pad2d", {"padding": 2, "mode": "reflect"}, ((3, 6, 6),)),
    ("pad2d", {"padding": (0, 1, 0, 1)}, ((3, 224, 224),)),
    ("pad2d", {"padding": (1, 2, 3, 0), "mode": "circular"}, ((3, 6, 6),)),
    ("crop2d", {"sides": (2, 0, 1, 3)}, ((3, 9, 9),)),
    ("upsample", {"scale": (4, 4), "mode": "bilinear"}, ((3, 9, 9),)),
    ("upsample", {"scale": (4, 4), "mode": "bicubic", "align_corners": True}, ((3, 9, 9),)),
    ("upsample", {"scale": (1, 16)}, ((3, 9, 9),)),
    ("pixel_shuffle", {"factor": 8}, ((128, 9, 9),)),
    ("space_to_depth", {"factor": 4}, ((3, 64, 64),)),
    ("channel_shuffle", {"groups": 3}, ((240, 28, 28),)),
    ("chunk", {"parts": 2, "index": 1}, ((116, 28, 28),)),
    ("channel_slice", {"start": 1, "stop": 2}, ((3, 28, 28),)),
    ("channel_slice", {"start": 5, "stop": 9}, ((3, 28, 28),)),
    ("scale_shift", {"scale": 0.458, "shift": -0.03}, ()),
    ("reshape", {"shape": (1, 28, 28)}, ((784,),)),
    ("reshape", {"shape": (7, -1)}, ((6, 5),)),
    ("permute", {"order": (1, 2, 0)}, ((96, 56, 56),)),
    ("permute", {"order": (0,)}, ((6, 8, 8),)),
]
"""Type, parameters and input shapes of the pictures beyond the defaults."""

_COLUMNS, _ROWS = 5, 6


def _cases(only: str) -> list[tuple[str, dict[str, Any], tuple[Shape, ...]]]:
    plain = [(spec.id, dict[str, Any](), ()) for spec in all_specs()]
    order = {spec.id: n for n, spec in enumerate(all_specs())}
    cases = sorted([*plain, *VARIANTS], key=lambda case: order[case[0]])
    return [case for case in cases if only in case[0]]


def draw(cases: list[tuple[str, dict[str, Any], tuple[Shape, ...]]], size: tuple[int, int]) -> QImage:
    """Return one sheet with a picture per case, each on a card with its layer type's name."""
    width, height = size
    margin, title = 14, 20
    across = min(_COLUMNS, len(cases))
    down = -(-len(cases) // across)
    image = QImage(
        across * (width + 2 * margin), down * (height + 2 * margin + title), QImage.Format.Format_RGB32
    )
    image.fill(theme.qcolor("window"))
    painter = QPainter(image)
    slowest = 0.0
    for n, (type_id, params, inputs) in enumerate(cases):
        left = n % across * (width + 2 * margin)
        top = n // across * (height + 2 * margin + title)
        card = QRectF(left + 4, top + 4, width + 2 * margin - 8, height + 2 * margin + title - 8)
        painter.fillRect(card, theme.qcolor("panel"))
        painter.setFont(theme.ui_font(1.0, 600))
        painter.setPen(theme.qcolor("text"))
        painter.drawText(
            card.adjusted(10, 6, 0, 0), Qt.AlignmentFlag.AlignTop, f"{type_id} {params or ''}"[:52]
        )
        spec = get_spec(type_id)
        values = parse_values(spec.params, params, type_id)
        started = time.perf_counter()
        area = QRectF(left + margin, top + margin + title, width, height)
        paint_concept(painter, area, type_id, values, inputs)
        took = (time.perf_counter() - started) * 1000
        slowest = max(slowest, took)
        if took > 5:
            print(f"{type_id} {params}: {took:.1f} ms")
    painter.end()
    print(f"{len(cases)} pictures, slowest {slowest:.1f} ms")
    return image


def main() -> None:
    """Read the command line and save the sheets."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", choices=("light", "dark"))
    parser.add_argument("--only", default="", help="part of a layer type's id")
    parser.add_argument("--size", default="264x168")
    chosen = parser.parse_args()
    size = tuple(int(n) for n in chosen.size.split("x"))
    chosen.out.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    theme.apply(app)
    cases = _cases(chosen.only)
    each = _COLUMNS * _ROWS
    for mode in ("light", "dark"):
        if chosen.theme in (None, mode):
            theme.manager().set_mode(mode)
            for start in range(0, len(cases), each):
                path = chosen.out / f"concepts-{mode}-{start // each + 1}.png"
                draw(cases[start : start + each], (size[0], size[1])).save(str(path))
                print(path)


if __name__ == "__main__":
    main()
