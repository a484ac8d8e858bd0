"""`inspect`: what every layer makes of an image, as files; and a sentence for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_studio.app.project import Project, load_project, save_project
from cnn_studio.app.weights import WeightSet
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters import find_starter
from cnn_studio.insight.maps import LookInside
from tests.helpers.bad_files import bad_files
from tests.helpers.images import real_data, write_picture
from tests.helpers.looking import random_state
from tests.helpers.networks import chain, join, tiny_classifier
from tests.unit.cli.conftest import Cli


def trained(path: Path, document: NetworkDocument) -> Path:
    state = {key: tensor.numpy() for key, tensor in random_state(LookInside(document)).items()}
    info = document.info.preprocessing
    channels = LookInside(document).input_shape[0]
    document.change_info(
        preprocessing=info.model_copy(update={"mean": (0.5,) * channels, "std": (0.25,) * channels})
    )
    save_project(path, Project(document, weights=WeightSet.from_state(document, state)))
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write_picture(tmp_path / "bild ü.png", seed=1, size=(20, 30))


def test_every_layer_has_a_picture_and_its_numbers(cli: Cli, tmp_path: Path, picture: Path) -> None:
    project, out = trained(tmp_path / "l.cnnstudio", find_starter("lenet5").build()), tmp_path / "neu" / "out"
    found = cli("inspect", project, picture, "-o", out, "--json").json
    document = load_project(project).document
    assert [entry["path"] for entry in found["layers"]] == [
        document.layer(i).path for i in LookInside(document).runner.layers
    ]
    for entry in found["layers"]:
        with Image.open(entry["maps"]) as shown:
            assert shown.size > (20, 20)
        assert entry["maps"] == str(out / "maps" / f"{entry['path']}.png")
    filters = {entry["path"] for entry in found["layers"] if entry["filters"]}
    assert filters == {"C1", "C3", "C5"}
    assert found["gradcam"] == {"file": str(out / "gradcam.png"), "layer": "C3"}
    assert found["class"]["label"] == found["top"][0]["label"]
    assert found["notes"] == found["left_out"] == []
    arrays = np.load(out / "arrays.npz")
    network = LookInside(document, load_project(project).weights.to_state(document))
    look = network.look(network.prepare(picture))
    assert set(arrays) == {layer.path for layer in look.layers.values()} | {"@image", "@scores", "@heat"}
    for layer in look.layers.values():
        assert np.array_equal(arrays[layer.path], layer.values)
    assert np.array_equal(arrays["@image"], look.image) and np.array_equal(arrays["@scores"], look.scores)
    c3 = next(entry for entry in found["layers"] if entry["path"] == "C3")
    assert c3["minimum"] == pytest.approx(float(look.layer("C3").values.min()))
    written = {file for file in out.rglob("*") if file.is_file()}
    assert len(written) == len(found["layers"]) + 3 + 2


def test_as_text_it_says_what_it_wrote(cli: Cli, tmp_path: Path, picture: Path) -> None:
    project = trained(tmp_path / "t.cnnstudio", tiny_classifier())
    done = cli("inspect", project, picture, "-o", tmp_path / "out", "--class", "7")
    assert done.code == 0 and not done.err
    assert "conv1: 4×8×8, 4 maps from" in done.out
    assert f"{tmp_path / 'out' / 'gradcam.png'}: where relu1 sees 7" in done.out
    assert f"{tmp_path / 'out' / 'maps'}: 6 pictures" in done.out
    assert f"{tmp_path / 'out' / 'filters'}: 2 pictures" in done.out
    assert "MB of arrays" in done.out


def test_one_layer_comes_with_its_full_numbers(cli: Cli, tmp_path: Path, picture: Path) -> None:
    project, out = trained(tmp_path / "t.cnnstudio", tiny_classifier()), tmp_path / "out"
    found = cli("inspect", project, picture, "-o", out, "--layer", "conv1", "--json", "--scale", "layer").json
    assert [entry["path"] for entry in found["layers"]] == ["conv1"]
    assert [row["map"] for row in found["numbers"]] == [0, 1, 2, 3]
    arrays = np.load(out / "arrays.npz")
    assert arrays["@weight"].shape == (4, 1, 3, 3) and arrays["@bias"].shape == (4,)
    for row in found["numbers"]:
        values = arrays["conv1"][row["map"]]
        assert (row["minimum"], row["maximum"]) == (values.min(), values.max())
        assert row["is_dead"] is False
    assert arrays["@histogram_counts"].sum() == arrays["conv1"].size
    assert sorted(arrays["@order"].tolist()) == [0, 1, 2, 3]
    assert {file.name for file in out.rglob("*.png")} == {"conv1.png", "gradcam.png"}
    text = cli("inspect", project, picture, "-o", out, "--layer", "conv1").out
    assert sum(line.startswith("      ") and "from" in line for line in text.splitlines()) == 4


def test_a_layer_without_maps_has_bars_and_says_why_there_is_no_where(
    cli: Cli, tmp_path: Path, picture: Path
) -> None:
    project, out = trained(tmp_path / "t.cnnstudio", tiny_classifier()), tmp_path / "out"
    done = cli("inspect", project, picture, "-o", out, "--layer", "fc1")
    assert done.code == 0
    assert "fc1: 10, 10 values from" in done.out
    assert done.err == "fc1 has no maps of more than one cell, so there is no where to show for it.\n"
    assert (out / "maps" / "fc1.png").exists() and not (out / "gradcam.png").exists()


def test_a_layer_that_is_no_picture_at_all_says_so(cli: Cli, tmp_path: Path, picture: Path) -> None:
    document = chain((1, 4, 4), ("tokens", "reshape", {"shape": (4, 4)}), ("out", "flatten", {}))
    project = trained(tmp_path / "t.cnnstudio", document)
    done = cli("inspect", project, picture, "-o", tmp_path / "out")
    assert done.code == 0
    assert "tokens gives neither maps nor a vector, so there is no picture of it." in done.err
    assert "tokens" in np.load(tmp_path / "out" / "arrays.npz")


def test_untrained_networks_are_looked_into_with_first_weights(
    cli: Cli, tmp_path: Path, picture: Path
) -> None:
    project = tmp_path / "new.cnnstudio"
    save_project(project, Project(tiny_classifier()))
    done = cli("inspect", project, picture, "-o", tmp_path / "out")
    assert done.code == 0
    assert done.err == "This network has not been trained: these are first weights, drawn from seed 0.\n"
    half = load_project(trained(tmp_path / "half.cnnstudio", tiny_classifier()))
    state = half.weights.to_state(half.document)
    del state["conv1.bias"]
    save_project(
        tmp_path / "half.cnnstudio",
        Project(half.document, weights=WeightSet.from_state(half.document, state)),
    )
    done = cli("inspect", tmp_path / "half.cnnstudio", picture, "-o", tmp_path / "out")
    assert done.err == "There are no trained weights for conv1: those were drawn from seed 0.\n"


def test_layers_that_lead_nowhere_are_named(cli: Cli, tmp_path: Path, picture: Path) -> None:
    document = tiny_classifier()
    join(document, "loose", "relu", ["conv1"])
    project = trained(tmp_path / "t.cnnstudio", document)
    assert "loose leads nowhere" in cli("inspect", project, picture, "-o", tmp_path / "out").err
    refused = cli("inspect", project, picture, "-o", tmp_path / "out", "--layer", "loose")
    assert refused.code == 2 and refused.err.startswith("loose leads nowhere")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--layer", "conv2"],
            "'conv2' is no layer of this network; name one layer. Near it there are conv1",
        ),
        (["--layer", "zzz"], "'zzz' is no layer of this network; name one layer."),
        (["--class", "10"], "There is no class 10: this network has 10 classes, 0 to 9."),
        (["--class", "-1"], "There is no class -1"),
        (
            ["--class", "zebrra"],
            "There is no class 'zebrra' among the 10 of this network. Near it there are zebra.",
        ),
        (["--class", "dog"], "'dog' is part of 2 class names: big dog; small dog."),
        (["--class", ""], ""),
    ],
)
def test_bad_layers_and_classes_are_said(
    cli: Cli, tmp_path: Path, picture: Path, arguments: list[str], said: str
) -> None:
    document = tiny_classifier()
    labels = ("zebra", "big dog", "small dog", *(f"class {n}" for n in range(7)))
    document.change_info(labels=labels)
    project, out = trained(tmp_path / "t.cnnstudio", document), tmp_path / "out"
    done = cli("inspect", project, picture, "-o", out, *arguments)
    assert said in done.err
    assert done.code == (2 if said else 0)
    assert out.exists() == (not said), "nothing is written for bad input"


def test_a_class_is_found_by_name_part_and_number(cli: Cli, tmp_path: Path, picture: Path) -> None:
    document = tiny_classifier(3)
    document.change_info(labels=("2", "Big Dog", "cat"))
    project = trained(tmp_path / "t.cnnstudio", document)

    def found(text: str) -> int:
        record = cli("inspect", project, picture, "-o", tmp_path / "out", "--class", text, "--json").json
        index: int = record["class"]["index"]
        return index

    assert found("big dog") == found("dog") == found("1") == 1
    assert found("2") == 0, "a name counts more than a number"


def test_a_block_is_no_layer_but_its_layers_are_named(cli: Cli, tmp_path: Path, picture: Path) -> None:
    project = tmp_path / "r.cnnstudio"
    save_project(project, Project(find_starter("resnet18").build()))
    done = cli("inspect", project, picture, "-o", tmp_path / "out", "--layer", "layer1.0")
    assert done.code == 2
    assert "'layer1.0' is a block of layers; name one layer. Near it there are layer1.0." in done.err


def test_networks_and_places_that_cannot_be_used_are_said(cli: Cli, tmp_path: Path, picture: Path) -> None:
    broken = tmp_path / "b.cnnstudio"
    save_project(
        broken, Project(chain((1, 4, 4), ("conv", "conv2d", {"kernel_size": 9}), ("out", "flatten", {})))
    )
    done = cli("inspect", broken, picture, "-o", tmp_path / "out")
    assert done.code == 1 and "larger than its 4 × 4 input" in done.err
    assert cli("inspect", picture, picture, "-o", tmp_path / "out").code == 2
    assert "no source 'nothing'" in cli("inspect", "source:nothing", picture, "-o", tmp_path / "out").err
    good = trained(tmp_path / "t.cnnstudio", tiny_classifier())
    (tmp_path / "file").write_bytes(b"x")
    done = cli("inspect", good, picture, "-o", tmp_path / "file")
    assert done.code == 2 and str(tmp_path / "file") in done.err


@pytest.mark.parametrize("name", sorted(bad_files()))
def test_images_that_cannot_be_read_are_said(cli: Cli, tmp_path: Path, name: str) -> None:
    project = trained(tmp_path / "t.cnnstudio", tiny_classifier())
    file = tmp_path / name
    file.write_bytes(bad_files()[name])
    done = cli("inspect", project, file, "-o", tmp_path / "out")
    assert done.code == 2
    assert "cannot be read as an image" in done.err
    assert not (tmp_path / "out").exists()


def test_a_missing_image_and_a_folder_are_said(cli: Cli, tmp_path: Path) -> None:
    project = trained(tmp_path / "t.cnnstudio", tiny_classifier())
    for place in (tmp_path / "nowhere.png", tmp_path):
        done = cli("inspect", project, place, "-o", tmp_path / "out")
        assert done.code == 2 and "cannot be read as an image" in done.err


def _odd_images() -> dict[str, Image.Image]:
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (30, 40, 4), dtype=np.uint8)
    return {
        "grey.png": Image.fromarray(colour[..., 0]),
        "tiny.png": Image.fromarray(colour[:1, :1, :3]),
        "large.png": Image.fromarray(rng.integers(0, 256, (1500, 40, 3), dtype=np.uint8)),
        "transparent.png": Image.fromarray(colour),
        "deep.png": Image.fromarray(rng.integers(0, 65536, (30, 40)).astype(np.uint16)),
        "palette.gif": Image.fromarray(colour[..., :3]).quantize(16),
        "ink.jpg": Image.fromarray(colour[..., :3]).convert("CMYK"),
        "bits.png": Image.fromarray(colour[..., 0] > 100),
    }


@pytest.mark.parametrize("name", sorted(_odd_images()))
@pytest.mark.parametrize("channels", [1, 3])
def test_odd_images_are_seen_as_predict_sees_them(cli: Cli, tmp_path: Path, name: str, channels: int) -> None:
    document = chain(
        (channels, 8, 8),
        ("conv", "conv2d", {"out_channels": 3, "kernel_size": 3}),
        ("flat", "flatten", {}),
        ("fc", "linear", {"out_features": 4}),
    )
    project, file = trained(tmp_path / "t.cnnstudio", document), tmp_path / name
    _odd_images()[name].save(file)
    found = cli("inspect", project, file, "-o", tmp_path / "out", "--json").json
    (said,) = cli("predict", project, file, "--json", "--top", "4").json
    assert [guess["index"] for guess in found["top"]] == [guess["index"] for guess in said["top"]]
    assert [guess["p"] for guess in found["top"]] == pytest.approx(
        [guess["p"] for guess in said["top"]], abs=1e-5
    )


def test_the_source_that_is_always_there(cli: Cli, tmp_path: Path) -> None:
    file = next(real_data("imagenet-samples").glob("*Tibetan_terrier.JPEG"))
    found = cli(
        "inspect",
        "source:efficientnet_lite0",
        file,
        "-o",
        tmp_path,
        "--layer",
        "conv_stem",
        "--class",
        "Lhasa",
        "--json",
    ).json
    assert "Lhasa" in found["class"]["label"]
    assert found["top"][0]["label"].startswith("Tibetan terrier")
    assert found["layers"][0]["shape"] == [32, 112, 112] and found["gradcam"]["layer"] == "conv_stem"
