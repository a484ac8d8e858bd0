"""The exported code, run in an interpreter of its own, against the network that the program itself builds."""

import json
import subprocess
import sys

import pytest
import torch

from cnn_studio.compiler import lower
from cnn_studio.compiler.source import class_name, source_lines, source_text
from cnn_studio.compiler.source_layers import writable
from cnn_studio.graph.commands import SetInfo, SetParams
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.layers import ALL_LAYERS
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import ChainBuilder, find_starter
from tests.helpers.networks import SMALL_STARTERS

_RUN_ALL = """
import json, sys, torch
rows = {}
for folder in sys.argv[1:]:
    space = {}
    text = open(folder + "/network.py", encoding="utf-8").read()
    exec(compile(text, folder, "exec"), space)
    module = space[open(folder + "/class.txt").read()]()
    module.eval()
    given = torch.load(folder + "/given.pt", weights_only=True)
    own = {key: list(value.shape) for key, value in module.state_dict().items()}
    module.load_state_dict(given["state"])
    with torch.no_grad():
        found = module(given["images"])
    rows[folder] = {
        "keys": own,
        "difference": float((found - given["logits"]).abs().max()),
        "scale": float(given["logits"].abs().max()),
        "size": list(space["INPUT_SIZE"]),
    }
assert not any(name.startswith("cnn_studio") for name in sys.modules)
print(json.dumps(rows))
"""


class Builder:
    """Builds a document with branches: each layer names its sources by path."""

    def __init__(self, name="Test net"):
        self.document = NetworkDocument()
        self.document.change_info(name=name)

    def add(self, path, type_id, *sources, **params):
        from cnn_studio.graph.commands import AddLayer

        layer_id = self.document.next_id
        tied = params.pop("tied_to", None)
        command = AddLayer(id=layer_id, path=path, type=type_id, params=params)
        if tied is not None:
            command = command.model_copy(update={"tied_to": self.document.layer_at(tied).id})
        command.apply(self.document)
        for port, source in enumerate(sources):
            self.document.put_link(Link(self.document.layer_at(source).id, layer_id, port))
        return self

    def finish(self, path):
        self.document.change_info(output=self.document.layer_at(path).id)
        return self.document


def residual():
    b = Builder("ResNet, 2 blocks")
    b.add("input", "input", channels=3, height=19, width=23)
    b.add("conv1", "conv2d", "input", out_channels=8, kernel_size=3, padding="same", stride=2)
    b.add("layer1.0.conv1", "conv2d", "conv1", out_channels=8, kernel_size=3, padding=1, bias=False)
    b.add("layer1.0.bn1", "batch_norm", "layer1.0.conv1", eps=0.001, momentum=0.2)
    b.add("layer1.0.relu", "relu", "layer1.0.bn1")
    b.add("layer1.0.conv2", "conv2d", "layer1.0.relu", out_channels=8, kernel_size=3, padding=[0, 2, 2, 0])
    b.add("layer1.0.add", "add", "layer1.0.conv2", "conv1")
    b.add(
        "layer1.1.conv1",
        "conv2d",
        "layer1.0.add",
        out_channels=12,
        kernel_size=3,
        padding=2,
        dilation=2,
        groups=4,
    )
    b.add("layer1.1.downsample.0", "conv2d", "layer1.0.add", out_channels=12, kernel_size=1)
    b.add("layer1.1.downsample.1", "batch_norm", "layer1.1.downsample.0", affine=False)
    b.add("layer1.1.add", "add", "layer1.1.conv1", "layer1.1.downsample.1", "layer1.1.conv1")
    b.add("concat", "concat", "layer1.1.add", "layer1.0.add", "conv1")
    b.add("drop", "dropout", "concat", p=0.3)
    b.add("pool", "global_avg_pool", "drop")
    b.add("flatten", "flatten", "pool")
    b.add("bn", "batch_norm", "flatten")
    b.add("fc", "linear", "bn", out_features=5, bias=False)
    return b.finish("fc")


def pools():
    """Every kind of pooling with every kind of padding and rounding, side by side."""
    b = Builder("Pools")
    b.add("input", "input", channels=2, height=13, width=11)
    ends = []
    for kind in ("max_pool2d", "avg_pool2d", "sum_pool2d"):
        cases = {
            "plain": {"kernel_size": 2, "stride": 2},
            "overlap": {"kernel_size": [3, 2], "stride": [2, 1]},
            "ceil": {"kernel_size": 3, "stride": 3, "ceil_mode": True},
            "padded": {"kernel_size": 3, "stride": 2, "padding": [1, 1, 0, 0], "ceil_mode": True},
            "sides": {"kernel_size": 3, "stride": 2, "padding": [1, 0, 0, 1]},
            "both": {"kernel_size": [3, 4], "stride": [3, 3], "padding": [0, 1, 2, 0], "ceil_mode": True},
        }
        if kind == "max_pool2d":
            cases["dilated"] = {"kernel_size": 2, "stride": 1, "dilation": 3, "padding": [0, 1, 0, 0]}
        if kind == "avg_pool2d":
            cases["image"] = {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}
            cases["image_sides"] = {**cases["both"], "count_include_pad": False}
        for name, params in cases.items():
            path = f"{kind}.{name}"
            b.add(path, kind, "input", **params)
            b.add(f"flat.{kind}_{name}", "flatten", path)
            ends.append(f"flat.{kind}_{name}")
    b.add("join", "concat", *ends)
    b.add("fc", "linear", "join", out_features=6, activation="relu")
    return b.finish("fc")


def odds_and_ends():
    """Tied weights, every activation, borders filled in other ways, names of digits alone."""
    b = Builder("42 – \"quoted\" \\ 'name'")
    b.add("input", "input", channels=1, height=12, width=12)
    b.add("0", "conv2d", "input", out_channels=4, kernel_size=3, padding=1, padding_mode="reflect")
    b.add(
        "1", "conv2d", "0", out_channels=4, kernel_size=[2, 3], padding=[0, 1, 1, 1], padding_mode="circular"
    )
    b.add("s", "subsampling", "1", kernel_size=[2, 3], stride=2, activation="none")
    b.add("t", "subsampling", "s", kernel_size=2, stride=1, activation="tanh")
    b.add("features.lrn", "local_response_norm", "t", size=3, alpha=0.02)
    b.add("features.leaky", "leaky_relu", "features.lrn", negative_slope=0.25)
    b.add("features.id", "identity", "features.leaky")
    b.add("features.ada", "adaptive_avg_pool2d", "features.id", output_size=[2, 3])
    b.add("same1", "conv2d", "features.ada", out_channels=4, kernel_size=3, padding="same")
    b.add("same2", "conv2d", "same1", out_channels=4, kernel_size=3, padding="same", tied_to="same1")
    b.add("even", "conv2d", "same2", out_channels=3, kernel_size=2, padding="same", padding_mode="replicate")
    b.add("tanh", "tanh", "even").add("sigmoid", "sigmoid", "tanh").add("flatten", "flatten", "sigmoid")
    b.add("fc1", "linear", "flatten", out_features=18, activation="sigmoid")
    b.add("fc1_again", "linear", "fc1", out_features=18, activation="sigmoid", tied_to="fc1")
    b.add("fc2", "linear", "fc1_again", out_features=4)
    b.add("softmax", "softmax", "fc2")
    b.add("spare", "linear", "fc1", out_features=3)
    document = b.finish("softmax")
    labels = ("ant", 'a "bee"', "wasp\n", "\ud800 ✓ \\")
    SetInfo.model_construct(labels=labels).apply(document)
    preprocessing = Preprocessing(resize="crop", crop_fraction=0.875, mean=(0.1307,), std=(0.3081,))
    SetInfo(preprocessing=preprocessing).apply(document)
    return document


def newer_layers():
    """One network through the layer types that the others do not have, helper classes included."""
    b = Builder("Everything else")
    b.add("input", "input", channels=6, height=12, width=12)
    b.add("table", "connection_conv2d", "input", kernel_size=[3, 2], padding="same", bias=False)
    b.add("scaled", "scaled_tanh", "table").add("shuffle", "channel_shuffle", "scaled", groups=4)
    b.add("left", "chunk", "shuffle", parts=2, index=0).add(
        "right", "channel_slice", "shuffle", start=8, stop=16
    )
    b.add("stage.0.dw", "conv2d", "right", out_channels=8, kernel_size=3, padding=1, groups=8)
    b.add("stage.0.norm", "layer_norm", "stage.0.dw").add("stage.0.relu6", "relu6", "stage.0.norm")
    b.add("stage.0.pool", "global_avg_pool", "stage.0.relu6").add(
        "stage.0.gate", "hardsigmoid", "stage.0.pool"
    )
    b.add("stage.0.scale", "multiply", "stage.0.relu6", "stage.0.gate")
    b.add("stage.0.gamma", "layer_scale", "stage.0.scale", init=0.5, layout="vector_map")
    b.add("stage.0.drop", "stochastic_depth", "stage.0.gamma", mode="batch")
    b.add("stage.0.add", "add", "left", "stage.0.drop").add(
        "stage.0.less", "subtract", "stage.0.add", "right"
    )
    b.add("stage.0.most", "maximum", "stage.0.less", "left", "right")
    b.add("last.permute", "permute", "stage.0.most", order=[1, 2, 0])
    b.add("last.norm", "layer_norm", "last.permute", over="last")
    b.add("last.fc", "linear", "last.norm", out_features=12, over="last").add("last.gelu", "gelu", "last.fc")
    b.add("last.scale", "layer_scale", "last.gelu", init=2.0, layout="vector")
    b.add("last.back", "permute", "last.scale", order=[2, 0, 1])
    b.add("1.gamma", "layer_scale", "last.back", init=1.5)
    b.add("up", "conv_transpose2d", "1.gamma", out_channels=8, groups=2, output_padding=1, kernel_size=3)
    b.add("gn", "group_norm", "up", groups=2).add("silu", "silu", "gn").add("prelu", "prelu", "silu")
    b.add("lp", "lp_pool2d", "prelu", norm=3, kernel_size=2, ceil_mode=True).add(
        "inorm", "instance_norm", "lp"
    )
    b.add("pad", "pad2d", "inorm", padding=[1, 0, 2, 0], mode="reflect").add(
        "crop", "crop2d", "pad", sides=[0, 0, 1, 0]
    )
    b.add("depth", "space_to_depth", "crop", factor=2).add("space", "pixel_shuffle", "depth", factor=2)
    b.add("larger", "upsample", "space", mode="bilinear").add(
        "shift", "scale_shift", "larger", scale=0.5, shift=-0.25
    )
    b.add("maxima", "adaptive_max_pool2d", "shift", output_size=[3, 2])
    b.add("rows", "reshape", "maxima", shape=[-1, 6]).add("maps", "reshape", "rows", shape=[8, 2, 3])
    b.add("drop2d", "dropout2d", "maps").add("mean", "spatial_mean", "drop2d")
    return b.finish("mean")


DOCUMENTS = {
    **{starter.name: starter.build for starter in SMALL_STARTERS},
    "residual": residual,
    "pools": pools,
    "odds": odds_and_ends,
    "newer": newer_layers,
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """All networks' code, run at once in one fresh interpreter that knows torch alone."""
    root = tmp_path_factory.mktemp("source")
    modules = {}
    for name, build in DOCUMENTS.items():
        document = build()
        module = lower(document, seed=3).eval()
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for key, value in module.state_dict().items():
                if "running" in key:  # statistics as after training, not the 0 and 1 of a new network
                    value.uniform_(0.5, 1.5, generator=generator)
        entry = document.layer_at("input").params
        size = (entry["channels"], entry["height"], entry["width"])
        images = torch.randn((3, *size), generator=generator)
        with torch.no_grad():
            logits = module(images)
        folder = root / name
        folder.mkdir()
        (folder / "network.py").write_text(source_text(document), encoding="utf-8")
        (folder / "class.txt").write_text(class_name(document.info.name))
        given = {"state": dict(module.state_dict()), "images": images, "logits": logits}
        torch.save(given, folder / "given.pt")
        modules[name] = module, size
    found = subprocess.run(
        [sys.executable, "-I", "-c", _RUN_ALL, *(str(root / name) for name in DOCUMENTS)],
        capture_output=True, text=True, cwd=root, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    rows = json.loads(found.stdout)
    return {name: (rows[str(root / name)], *modules[name]) for name in DOCUMENTS}


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_code_is_the_same_network(ran, name):
    row, module, size = ran[name]
    assert row["keys"] == {key: list(value.shape) for key, value in module.state_dict().items()}
    print(f"{name}: largest difference {row['difference']:.2g} of logits up to {row['scale']:.2g}")
    assert row["scale"] > 1e-3, "logits of zero would compare equal whatever the code does"
    assert row["difference"] <= 1e-5
    assert row["size"] == list(size)


@pytest.mark.parametrize("type_id", [spec.id for spec in ALL_LAYERS if spec.id != "input"])
def test_every_layer_type_can_be_written(type_id):
    assert writable(type_id)


def test_the_text_reads_as_a_person_would_write_it():
    text = source_text(find_starter("lenet5").build())
    assert "class LeNet5(nn.Module):" in text
    assert "        self.C1 = nn.Conv2d(1, 6, kernel_size=5)\n" in text
    assert "x = torch.tanh(self.F6(x))" in text
    text = source_text(residual())
    assert "self.layer1[0].conv1 = nn.Conv2d(8, 8, kernel_size=3, padding=1, bias=False)" in text
    assert "y = y + x " in text, "x is needed again"
    assert "z = z + u + z " in text
    assert "class Subsampling" not in text, "only what is used"


def test_lines_belong_to_layers():
    document = residual()
    found = source_lines(document)
    lines = found.text.split("\n")
    for layer_id, layer in document.layers.items():
        last = layer.path.split(".")[-1]
        if layer.type not in {"input", "add", "concat"}:
            (at,) = found.lines_of[layer_id]
            assert lines[at].strip().startswith("self.") and " = " in lines[at]
            assert last in lines[at] or last.isdigit()
        (at,) = found.calls_of[layer_id]
        assert "#" in lines[at]
    entry = document.layer_at("input").id
    assert lines[found.lines_of[entry].start].strip().startswith("def forward(self, x):")


def test_what_is_unused_and_frozen_is_said():
    document = odds_and_ends()
    document.change_layer(document.layer_at("fc2").id, trainable=False)
    found = source_lines(document)
    lines = found.text.split("\n")
    assert lines[found.lines_of[document.layer_at("spare").id].start].strip().startswith("# left out")
    assert lines[found.lines_of[document.layer_at("fc2").id].start].endswith("# frozen in training")
    assert "weights of same1" in lines[found.calls_of[document.layer_at("same2").id].start]
    assert "MEAN = [0.1307]" in found.text
    found.text.encode("utf-8")


def test_a_layer_that_only_lends_its_weights_is_made_and_not_called():
    b = Builder().add("input", "input", height=4, width=4).add("flatten", "flatten", "input")
    b.add("lender", "linear", "flatten", out_features=3)
    b.add("user", "linear", "flatten", out_features=3, tied_to="lender")
    document = b.finish("user")
    text = source_text(document)
    assert "self.lender = nn.Linear(16, 3)" in text
    assert "x = self.lender(x)" in text
    assert "left out" not in text
    assert "51 parameters" in text
    module = lower(document)
    assert sum(p.numel() for p in module.parameters()) == 51


def test_a_network_with_errors_says_what_to_fix_first():
    document = find_starter("lenet5").build()
    third = document.layer_at("C3").id
    SetParams(id=third, changes={"kernel_size": 20}).apply(document)
    found = source_lines(document)
    first = next(p for p in infer_shapes(document).problems if p.severity == "error")
    assert first.layer_id == third
    plain = " ".join(" ".join(line.strip("# ") for line in found.text.split("\n")).split())
    assert f"Fix this first: C3: {first.message}" in plain
    compile(found.text, "network.py", "exec")
    lines = found.text.split("\n")
    assert all(lines[at].startswith("#") for at in found.lines_of[third])


def test_hopeless_documents_give_a_comment_and_no_exception():
    empty = NetworkDocument()
    assert "The network is empty" in source_text(empty)
    document = odds_and_ends()
    tied = document.layer_at("same2").id
    for owner in (12345, document.layer_at("fc1").id, tied):
        document.change_layer(tied, tied_to=owner)
        text = source_text(document)
        assert "Fix this first" in text
        assert "same2 shares" in text
    unknown = ChainBuilder("x\ny").add("input", "input").finish()
    unknown.change_layer(unknown.layer_at("input").id, type="from\nthe future")
    text = source_text(unknown)
    assert all(not line or line.startswith("#") for line in text.split("\n"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LeNet-5", "LeNet5"), ("Small CNN", "SmallCNN"), ("42", "Net42"), ("", "Network"), ("网络", "Network"),
        ("Réseau à moi", "ReseauAMoi"), ("none", "NetNone"), ("block", "NetBlock"), ("a; import os", "AImportOs"),
    ],
)  # fmt: skip
def test_class_names_are_names(name, expected):
    assert class_name(name) == expected
    assert class_name(name).isidentifier()


def test_hostile_names_stay_inside_comments_and_strings():
    document = SMALL_STARTERS[1].build()
    SetInfo.model_construct(name='"""\nimport os\n#\\', labels=('"]\nimport os',) * 10).apply(document)
    compile(source_text(document), "network.py", "exec")
    assert not [line for line in source_text(document).split("\n") if line.strip().startswith("import os")]


def test_writing_code_needs_no_torch():
    code = "import sys, cnn_studio.compiler.source as s; from cnn_studio.graph.starters import STARTERS;"
    code += "s.source_text(STARTERS[0].build()); sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
