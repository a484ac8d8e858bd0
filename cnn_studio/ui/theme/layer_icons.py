"""The drawings of the layer types: strokes on a 24 × 24 grid, one per type, drawn in the family's colour."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def _lines(*strokes: str) -> str:
    return "".join(f'<path d="{stroke}"/>' for stroke in strokes)


def _filled(path: str) -> str:
    return f'<path d="{path}" fill="currentColor"/>'


def _box(x: float, y: float, width: float, height: float, *, filled: bool = False) -> str:
    fill = ' fill="currentColor"' if filled else ""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="1"{fill}/>'


def _curve(path: str) -> str:
    """A function's graph on faint axes."""
    return f'<path d="M3 13h18M12 4v17" opacity="0.35"/><path d="{path}"/>'


_MAP = _box(4, 4, 16, 16)
_GRID = _MAP + _lines("M4 12h16", "M12 4v16")
_STACK = _box(3, 8, 13, 13) + _lines("M8 8V5.5a1 1 0 0 1 1-1h11a1 1 0 0 1 1 1V17a1 1 0 0 1-1 1h-4")
_BELL = _lines("M3 19c5 0 5-13 9-13s4 13 9 13")
_CIRCLE = '<circle cx="12" cy="12" r="8.5"/>'

LAYER_ICONS: Mapping[str, str] = MappingProxyType(
    {
        "input": _box(3, 5, 18, 14) + _lines("M3 16l5-5 4 4 3-3 6 6"),
        "identity": _lines("M3 12h17", "M15 7l5 5-5 5"),
        # a filter on its map
        "conv2d": _MAP + _box(4, 4, 9, 9, filled=True),
        "conv_transpose2d": _box(3, 3, 6, 6, filled=True) + _box(9, 9, 12, 12) + _lines("M9 9l5 5"),
        "connection_conv2d": _lines("M5 5l14 7", "M5 12l14 0", "M5 19l14-7", "M5 5l14 14")
        + "".join(
            f'<circle cx="{x}" cy="{y}" r="2" fill="currentColor"/>'
            for x, y in ((5, 5), (5, 12), (5, 19), (19, 12), (19, 19))
        ),
        # windows that become one cell
        "max_pool2d": _GRID + _box(13.5, 5.5, 5, 5, filled=True),
        "avg_pool2d": _GRID + _lines("M7 8h2", "M15 8h2", "M7 16h2", "M15 16h2"),
        "sum_pool2d": _MAP + _lines("M16 8H8.5l4 4-4 4H16"),
        "lp_pool2d": _MAP + _lines("M9 17V8h3.5a2.5 2.5 0 0 1 0 5H9"),
        "subsampling": _GRID + _lines("M9 15l6-6", "M9 9l6 6"),
        "adaptive_avg_pool2d": _MAP + _lines("M9.3 4v16", "M14.7 4v16", "M4 12h16"),
        "adaptive_max_pool2d": _MAP
        + _lines("M9.3 4v16", "M14.7 4v16", "M4 12h16")
        + _box(10.6, 5.6, 2.8, 5, filled=True),
        "global_avg_pool": _MAP + '<circle cx="12" cy="12" r="2.5" fill="currentColor"/>',
        "global_max_pool": _MAP + _box(14, 6, 4, 4, filled=True),
        "spatial_mean": _MAP + _lines("M8 9h8", "M10 14l2-3 2 3 2-1"),
        # graphs
        "relu": _curve("M3 13h9l8-9"),
        "relu6": _curve("M3 13h8l5-7h5"),
        "leaky_relu": _curve("M3 16l9-3 8-9"),
        "prelu": _curve("M3 18l9-5 8-9") + '<circle cx="6" cy="16.3" r="1.8" fill="currentColor"/>',
        "elu": _curve("M3 18c5-.5 6-2 9-5l8-9"),
        "selu": _curve("M3 19c5-.5 6-2.5 9-6l7-10"),
        "gelu": _curve("M3 13.500c5 0 6 2 9-.5l8-9"),
        "silu": _curve("M3 14c4 .5 6 2.5 9-1l8-9"),
        "mish": _curve("M3 14.500c5 1 6 1.5 9-1.500l8-9"),
        "softplus": _curve("M3 12.800c5-.3 7-1 9-2.800l7-6.5"),
        "hardswish": _curve("M3 13h4l3 1.5 2-1.5 8-9"),
        "hardsigmoid": _curve("M3 13h4l10-8h4"),
        "hardtanh": _curve("M3 19h5l8-12h5"),
        "tanh": _curve("M3 20c6 0 7-1 9-7s3-7 9-7"),
        "scaled_tanh": _curve("M3 21c6 0 7-1.5 9-8s3-9.5 9-9.5"),
        "sigmoid": _curve("M3 13c6 0 8-.5 10-4.500S16 5 21 5"),
        "softmax": _lines("M3 20h18")
        + _box(4.5, 15, 3, 5, filled=True)
        + _box(10.5, 5, 3, 15, filled=True)
        + _box(16.5, 12, 3, 8, filled=True),
        # what shares one mean
        "batch_norm": _BELL + _lines("M12 3v17"),
        "local_response_norm": _STACK + _lines("M6 14.500h7"),
        "group_norm": _box(4, 4, 16, 7, filled=True) + _box(4, 13, 16, 7),
        "instance_norm": _box(4, 4, 16, 4, filled=True) + _box(4, 10, 16, 4) + _box(4, 16, 16, 4),
        "layer_norm": _box(4, 4, 16, 16) + _box(10, 4, 4, 16, filled=True),
        "layer_scale": _lines("M4 20V12", "M10 20V5", "M16 20v-6", "M3 20h18")
        + '<circle cx="20" cy="6" r="1.5" fill="currentColor"/>',
        # vectors
        "flatten": _box(3, 4, 8, 8) + _lines("M13 8h3") + _box(18, 3, 3, 18),
        "linear": _lines("M6 6l12 3", "M6 6l12 9", "M6 12l12-3", "M6 12l12 3", "M6 18l12-9", "M6 18l12-3")
        + "".join(
            f'<circle cx="{x}" cy="{y}" r="2" fill="currentColor"/>'
            for x, y in ((5, 6), (5, 12), (5, 18), (19, 9), (19, 15))
        ),
        "add": _CIRCLE + _lines("M12 7.500v9", "M7.5 12h9"),
        "subtract": _CIRCLE + _lines("M7.5 12h9"),
        "multiply": _CIRCLE + _lines("M8.8 8.800l6.4 6.4", "M15.2 8.800l-6.4 6.4"),
        "maximum": _CIRCLE + _lines("M8 14l4-5 4 5"),
        "concat": _box(4, 3, 16, 5) + _box(4, 9.5, 16, 5, filled=True) + _box(4, 16, 16, 5),
        "dropout": _GRID
        + _lines("M5.5 5.500l5 5", "M10.5 5.500l-5 5", "M13.5 13.500l5 5", "M18.5 13.500l-5 5"),
        "dropout2d": _STACK + _lines("M6.5 11.500l6 6", "M12.5 11.500l-6 6"),
        "stochastic_depth": _lines("M12 3v4", "M12 17v4", "M12 7c-6 0-6 10 0 10")
        + '<path d="M12 7v10" stroke-dasharray="2 2.5"/>',
        # places of cells and channels
        "pad2d": '<rect x="3" y="3" width="18" height="18" rx="1" stroke-dasharray="3 2.5"/>'
        + _box(7, 7, 10, 10, filled=True),
        "crop2d": _lines("M7 2v15h15", "M2 7h15v15"),
        "upsample": _box(3, 14, 7, 7, filled=True) + _lines("M12 12l8-8", "M14 4h6v6"),
        "pixel_shuffle": _box(3, 3, 5, 5, filled=True)
        + _box(10, 10, 5.5, 5.5)
        + _box(15.5, 10, 5.5, 5.5, filled=True)
        + _box(10, 15.5, 5.5, 5.5, filled=True)
        + _box(15.5, 15.5, 5.5, 5.5),
        "space_to_depth": _box(3, 3, 9, 9)
        + _lines("M3 7.500h9", "M7.5 3v9")
        + _box(12, 12, 5, 5, filled=True)
        + _lines("M15 20h6v-6"),
        "channel_shuffle": _lines("M3 7h4l10 10h4", "M3 17h4L17 7h4", "M18 4l3 3-3 3", "M18 14l3 3-3 3"),
        "chunk": _box(4, 3, 16, 5, filled=True) + _lines("M3 12h18") + _box(4, 16, 16, 5),
        "channel_slice": _box(4, 3, 16, 4) + _box(4, 9, 16, 6, filled=True) + _box(4, 17, 16, 4),
        "scale_shift": _lines("M4 20L19 5", "M13 5h6v6", "M4 14v6h6"),
        "reshape": _box(3, 9, 12, 6) + _lines("M18 12h3") + _lines("M15 4h6v6", "M9 20H3v-3"),
        "permute": _lines("M12 12V3", "M12 12l8 5", "M12 12l-8 5", "M9.5 5.500L12 3l2.5 2.5"),
    }
)
"""The inner part of an SVG by layer type."""
