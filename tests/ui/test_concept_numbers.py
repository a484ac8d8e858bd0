"""What the concept pictures show agrees with what PyTorch computes: curves, windows, copies and mixtures."""

from itertools import product

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812 - the name that everybody gives it

from cnn_studio.compiler.builders import BUILDERS
from cnn_studio.compiler.initialise import initialise
from cnn_studio.core.params import parse_values
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.window import Axis
from cnn_studio.ui.concepts.borders import _origin
from cnn_studio.ui.concepts.case import Case
from cnn_studio.ui.concepts.channels import _share
from cnn_studio.ui.concepts.curves import CURVES
from cnn_studio.ui.concepts.registry import make_case
from cnn_studio.ui.concepts.resizing import _mixing
from cnn_studio.ui.concepts.spreading import _fitted, _written
from cnn_studio.ui.concepts.windows import axis_track

CHANGED = {
    "leaky_relu": {"negative_slope": 0.3},
    "prelu": {"init": 0.6},
    "elu": {"alpha": 2.5},
    "gelu": {"approximate": "tanh"},
    "softplus": {"beta": 0.4},
    "hardtanh": {"min_val": -2.5, "max_val": 0.5},
    "scaled_tanh": {"amplitude": 3.0, "slope": 0.2},
    "scale_shift": {"scale": -0.7, "shift": 1.5},
}


def test_the_curves_are_the_layers():
    places = torch.linspace(-8, 8, 65)
    for type_id, changes in [(type_id, {}) for type_id in CURVES] + list(CHANGED.items()):
        params = parse_values(get_spec(type_id).params, changes, type_id)
        module = BUILDERS[type_id](params, ((1, 1, 65),))
        initialise(module, 0, 1)
        with torch.no_grad():
            computed = module(places.reshape(1, 1, 1, 65)).flatten()
        drawn = torch.tensor([CURVES[type_id].y(float(x), params) for x in places])
        torch.testing.assert_close(
            drawn, computed, atol=2e-5, rtol=1e-4, msg=lambda text, name=type_id: f"{name}: {text}"
        )


@settings(max_examples=200, deadline=None)
@given(
    st.builds(
        Axis,
        *(st.integers(1, n) for n in (14, 5, 6)),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(1, 3),
        st.booleans(),
    )
)
def test_cells_are_seen_as_their_windows_say(axis):
    track = axis_track(axis)
    held = {cell for number in range(track.count) for cell in track.window(number)}
    for cell in range(track.total):
        assert track.seen(cell) == (cell in held or track.count == 0)


def test_adaptive_windows_are_pytorchs():
    for size, count in [(13, 6), (7, 7), (8, 3), (3, 5), (1, 4)]:
        values = torch.randn(1, 1, size, generator=torch.Generator().manual_seed(3))
        track = _fitted(size, count)
        own = torch.stack([values[0, 0, list(track.window(n))].mean() for n in range(count)])
        torch.testing.assert_close(own, F.adaptive_avg_pool1d(values, count)[0, 0])


def test_an_input_cell_of_a_transposed_convolution_writes_the_window_drawn():
    every = [
        {},
        {"kernel_size": 3, "padding": 1, "output_padding": 1},
        {"kernel_size": 4, "stride": 3, "dilation": 2, "padding": 2},
    ]
    for changes in every:
        params = parse_values(get_spec("conv_transpose2d").params, changes, "")
        case = make_case("conv_transpose2d", params, ((1, 5, 5),))
        weight = torch.ones(1, 1, *params["kernel_size"])
        track = _written(case, 0)
        for number in range(5):
            cell = torch.zeros(1, 1, 5, 5)
            cell[0, 0, number, 2] = 1
            result = F.conv_transpose2d(
                cell,
                weight,
                None,
                params["stride"],
                params["padding"],
                params["output_padding"],
                1,
                params["dilation"],
            )
            rows = {int(n) for n in result[0, 0].sum(dim=1).nonzero()}
            assert rows == {n - track.start for n in track.window(number) if track.holds_image(n)}


def test_upsampling_mixes_like_pytorch():
    kinds = (
        ("nearest", False),
        ("bilinear", False),
        ("bilinear", True),
        ("bicubic", False),
        ("bicubic", True),
    )
    for (mode, corners), (size, scale) in product(kinds, ((3, 2), (3, 4), (2, 3), (1, 2))):
        values = torch.rand(1, 1, 1, size, generator=torch.Generator().manual_seed(5)).repeat(1, 1, size, 1)
        corner = {} if mode == "nearest" else {"align_corners": corners}
        wanted = F.interpolate(values, scale_factor=scale, mode=mode, **corner)[0, 0, 0]
        mixed = _mixing(size, scale, mode, corners=corners, cells=size * scale)
        own = torch.tensor(
            [sum(weight * float(values[0, 0, 0, at]) for at, weight in cell) for cell in mixed]
        )
        torch.testing.assert_close(own, wanted, atol=1e-5, rtol=1e-5)


def test_padding_copies_the_cells_that_pytorch_copies():
    for mode in ["reflect", "replicate", "circular"]:
        values = torch.arange(5.0).reshape(1, 1, 5)
        wanted = F.pad(values, (4, 4), mode=mode)[0, 0]
        assert [_origin(mode, cell, 5) for cell in range(-4, 9)] == [int(n) for n in wanted]


def test_shares_are_pytorchs():
    for channels, parts in [(8, 2), (7, 3), (10, 4)]:
        chunks = torch.arange(channels).chunk(parts)
        for index, chunk in enumerate(chunks):
            case = Case("chunk", {"parts": parts, "index": index}, ((channels, 2, 2),), None)
            assert list(_share(case)) == chunk.tolist()
