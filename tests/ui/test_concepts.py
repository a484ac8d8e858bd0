"""The concept pictures: every layer type has one, on any parameters and shapes, and it tells them apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from cnn_studio.core.params import parse_values
from cnn_studio.graph.registry import all_specs, get_spec
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.registry import concepts, describe_concept, make_case, paint_concept
from cnn_studio.ui.concepts.sketch import SOURCES, UNDER_TEXT, Sketch
from tests.helpers.strategies import fitting_params, input_shapes, params_of
from tests.helpers.ui import as_array
from tests.tools.concepts import VARIANTS

SPECS = list(all_specs())
IDS = [spec.id for spec in SPECS]
SIZE = (264, 168)

ODD_SHAPES = st.sampled_from(
    [(1, 1, 1), (1000,), (1,), (2048, 1, 1), (3, 4096, 3), (64, 2000, 3000), (2, 3), (2, 3, 4, 5)]
)


def picture(type_id, params=None, inputs=(), output=None, size=SIZE):
    """Return the pixels of a picture on a transparent ground."""
    image = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    values = parse_values(get_spec(type_id).params, params or {}, type_id)
    assert paint_concept(painter, QRectF(0, 0, *size), type_id, values, inputs, output)
    painter.end()
    return as_array(image)


def has_ink(pixels):
    return (pixels[..., 3] > 40).mean() > 0.01


def amount(pixels, name, reach=40):
    """Return how many pixels have about the colour of a token."""
    color = theme.qcolor(name)
    wanted = np.array([color.red(), color.green(), color.blue()])
    near = np.abs(pixels[..., :3].astype(int) - wanted).max(axis=-1) < reach
    return int((near & (pixels[..., 3] > 150)).sum())


def test_every_layer_type_has_a_picture():
    assert set(concepts()) == set(IDS)


def test_the_picture_of_the_defaults_fills_its_room_and_says_what_it_shows():
    for spec in SPECS:
        pixels = picture(spec.id)
        assert has_ink(pixels), spec.id
        third = pixels.shape[0] // 3
        assert (pixels[:third, :, 3] > 40).any() and (pixels[third:, :, 3] > 40).any(), spec.id
        case = make_case(spec.id, spec.default_params())
        assert case.output is not None, spec.id
        assert case.is_example == (spec.max_inputs != 0), spec.id
        words = describe_concept(case)
        assert 25 < len(words) < 400 and not words[0].islower() and words.rstrip(")").endswith("."), words


def test_both_themes_have_colours_of_their_own():
    light = {spec.id: picture(spec.id) for spec in SPECS}
    theme.manager().set_mode("dark")
    same = [type_id for type_id, pixels in light.items() if not (picture(type_id) != pixels).any()]
    assert not same


TELLING = [
    ("input", "channels", 3),
    ("conv2d", "out_channels", 8),
    ("conv2d", "kernel_size", (5, 3)),
    ("conv2d", "stride", (2, 1)),
    ("conv2d", "padding", (1, 0, 1, 2)),
    ("conv2d", "padding", "same"),
    ("conv2d", "dilation", (2, 2)),
    ("conv2d", "groups", 2),
    ("conv2d", "padding_mode", "reflect"),
    ("conv_transpose2d", "stride", (3, 3)),
    ("conv_transpose2d", "padding", (1, 1)),
    ("conv_transpose2d", "output_padding", (1, 1)),
    ("connection_conv2d", "table", ((0, 1), (1, 2), (0,))),
    ("max_pool2d", "kernel_size", (3, 3)),
    ("max_pool2d", "ceil_mode", True),
    ("lp_pool2d", "norm", 3.0),
    ("adaptive_avg_pool2d", "output_size", (3, 2)),
    ("spatial_mean", "keepdim", True),
    ("leaky_relu", "negative_slope", 0.3),
    ("prelu", "init", 0.5),
    ("elu", "alpha", 2.0),
    ("gelu", "approximate", "tanh"),
    ("softplus", "beta", 3.0),
    ("hardtanh", "max_val", 2.0),
    ("scaled_tanh", "slope", 2.0),
    ("local_response_norm", "size", 3),
    ("group_norm", "groups", 2),
    ("layer_norm", "over", "all"),
    ("layer_scale", "init", 0.5),
    ("layer_scale", "layout", "vector"),
    ("linear", "out_features", 3),
    ("linear", "over", "last"),
    ("linear", "bias", False),
    ("linear", "activation", "relu"),
    ("dropout", "p", 0.2),
    ("dropout2d", "p", 0.5),
    ("stochastic_depth", "p", 0.5),
    ("stochastic_depth", "mode", "batch"),
    ("pad2d", "padding", (2, 0, 1, 0)),
    ("pad2d", "mode", "reflect"),
    ("pad2d", "value", 5.0),
    ("crop2d", "sides", (2, 0, 1, 0)),
    ("upsample", "scale", (2, 3)),
    ("upsample", "mode", "bicubic"),
    ("pixel_shuffle", "factor", 3),
    ("space_to_depth", "factor", 3),
    ("channel_shuffle", "groups", 4),
    ("chunk", "parts", 4),
    ("chunk", "index", 1),
    ("channel_slice", "stop", 3),
    ("scale_shift", "scale", -2.0),
    ("scale_shift", "shift", 2.0),
    ("reshape", "shape", (2, -1)),
    ("permute", "order", (2, 0, 1)),
]


def test_a_telling_parameter_changes_the_picture():
    for type_id, key, value in TELLING:
        shapes = ((6, 15, 16),) if type_id in {"conv2d", "max_pool2d"} else ()
        changed, plain = picture(type_id, {key: value}, shapes), picture(type_id, {}, shapes)
        assert (changed != plain).any(), (type_id, key)


def test_every_type_that_has_numbers_to_choose_is_told_apart_by_one_of_them():
    silent = {"avg_pool2d", "sum_pool2d", "subsampling", "adaptive_max_pool2d", "batch_norm", "instance_norm"}
    choosing = {spec.id for spec in SPECS if spec.params}
    assert choosing - {type_id for type_id, *_ in TELLING} == silent, (
        "pictures like those of others, or without numbers"
    )


def test_the_input_shape_changes_the_picture():
    for type_id in ("relu", "softmax", "batch_norm"):
        assert has_ink(picture(type_id, inputs=((6, 9, 9),)))
    for type_id in (
        "conv2d",
        "max_pool2d",
        "global_avg_pool",
        "batch_norm",
        "flatten",
        "identity",
        "permute",
    ):
        assert (picture(type_id, inputs=((6, 9, 9),)) != picture(type_id, inputs=((60, 30, 31),))).any()


@st.composite
def cases(draw, spec):
    if draw(st.integers(0, 3)) == 0:
        count = spec.min_inputs if spec.max_inputs != 0 else 0
        shapes = tuple(draw(ODD_SHAPES) for _ in range(count))
        return draw(params_of(spec)), shapes
    shapes = draw(input_shapes(spec)) if spec.max_inputs != 0 else ()
    params = draw(fitting_params(spec, shapes))
    return params, draw(st.sampled_from([shapes, ()]))


def draw_any(spec, count, **more):
    """Draw a layer type with `count` sets of parameters and shapes."""

    @settings(max_examples=count, deadline=None, **more)
    @given(cases(spec))
    def check(drawn):
        params, shapes = drawn
        assert has_ink(picture(spec.id, params, shapes)), spec.id
        assert describe_concept(make_case(spec.id, params, shapes))

    check()


def test_any_parameters_and_shapes_are_drawn():
    for spec in SPECS:
        draw_any(spec, 8, derandomize=True)


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS, ids=IDS)
def test_very_many_parameters_and_shapes_are_drawn(spec):
    draw_any(spec, 300)


def test_the_largest_parameters_are_drawn():
    for spec in SPECS:
        params = spec.default_params()
        for param in spec.params:
            largest = getattr(param, "maximum", None)
            if param.kind in {"integer", "real"}:
                params[param.key] = param.parse(largest)
            elif param.kind in {"pair", "sides"}:
                params[param.key] = param.parse([largest, largest])
        assert has_ink(picture(spec.id, params)), spec.id
        if spec.max_inputs != 0:
            shapes = ((4096, 10_000, 10_000),) * spec.min_inputs
            assert has_ink(picture(spec.id, params, shapes)), spec.id


def test_no_text_is_cut_off(monkeypatch):
    cut = []
    write = Sketch.text

    def watch(self, box, text, *args, mono=False, strong=False, **more):
        if self.width_of(text, mono=mono) > box.width() + 1:
            cut.append((text, box.width()))
        return write(self, box, text, *args, mono=mono, strong=strong, **more)

    monkeypatch.setattr(Sketch, "text", watch)
    for spec in SPECS:
        picture(spec.id)
    for type_id, params, shapes in VARIANTS:
        picture(type_id, params, shapes)
    assert not cut


def blend(color, ground, alpha):
    """Return ``#rrggbb`` of a colour with an opacity on a ground."""
    parts = [[int(text[at : at + 2], 16) for at in (1, 3, 5)] for text in (color, ground)]
    return "#" + "".join(f"{round(alpha * a + (1 - alpha) * b):02x}" for a, b in zip(*parts, strict=True))


def test_text_on_fills_reads_well():
    for tokens in (theme.LIGHT, theme.DARK):
        for ground in (tokens.panel, tokens.card):
            for name in SOURCES:
                fill = blend(tokens.families[name], ground, UNDER_TEXT)
                assert theme.contrast(tokens.text, fill) >= 4.5, (tokens.name, name)


def test_what_is_never_seen_is_hatched_in_the_warning_colour():
    tiles = picture("conv2d", {"kernel_size": 5, "stride": 1}, ((6, 14, 14),))
    leaves_out = picture("conv2d", {"kernel_size": 5, "stride": 2}, ((6, 14, 14),))
    assert amount(tiles, "warning") == 0 and amount(leaves_out, "warning") > 60
    large = picture("conv2d", {"kernel_size": 5, "stride": 2}, ((6, 1400, 1400),))
    assert amount(large, "warning") > 60, "the end of a large map is always drawn"
    only_padding = picture("conv2d", {"kernel_size": 7, "stride": 2, "padding": 3}, ((3, 224, 224),))
    assert amount(only_padding, "warning") == 0
    samples = picture("conv2d", {"kernel_size": 1, "stride": 2}, ((6, 14, 14),))
    assert amount(samples, "warning") == 0, "a 1 × 1 filter only samples"


def test_a_window_that_does_not_fit_is_drawn_in_the_error_colour():
    words = describe_concept(
        make_case("conv2d", parse_values(get_spec("conv2d").params, {"kernel_size": 9}, ""), ((3, 6, 6),))
    )
    assert "larger" in words and "6 × 6" in words
    assert amount(picture("conv2d", {"kernel_size": 9}, ((3, 6, 6),)), "error") > 100


def test_layers_without_known_inputs_are_shown_on_an_example():
    spec = get_spec("conv2d")
    own = make_case("conv2d", spec.default_params(), ((6, 14, 14),))
    assert not own.is_example and own.output == (16, 12, 12)
    lost = make_case("conv2d", spec.default_params(), ((84,),))
    assert lost.is_example and "example" in describe_concept(lost)
    assert make_case("no_such_layer", {}) is None


def test_the_painter_is_given_back_as_it_was():
    image = QImage(*SIZE, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(image)
    painter.setOpacity(0.5)
    before = painter.pen(), painter.font(), painter.hasClipping()
    paint_concept(painter, QRectF(0, 0, *SIZE), "conv2d", get_spec("conv2d").default_params())
    assert (painter.pen(), painter.font(), painter.hasClipping()) == before and painter.opacity() == 0.5
    painter.end()
