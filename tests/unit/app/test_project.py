"""Project files: what is saved comes back, and whatever is wrong with a file becomes one clear sentence."""

from __future__ import annotations

import copy
import json
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_studio.app.project import Project, load_project, save_project, thumbnail_of
from cnn_studio.app.weights import WeightSet
from cnn_studio.core.errors import FileFormatError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.records import to_record
from cnn_studio.graph.shapes import infer_shapes
from tests.helpers.networks import codes, content, looped, tiny_classifier
from tests.helpers.projects import lenet, project_record, random_weights, write_json, write_zip
from tests.helpers.strategies import documents

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def refusal(path: Path) -> str:
    """The sentence with which a file is refused; the file itself stays as it was."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(FileFormatError) as caught:
        load_project(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith((".", ".)"))
    assert len(message) < len(str(path)) + 500
    assert "Traceback" not in message
    if before is not None:
        assert path.read_bytes() == before
    assert thumbnail_of(path) == b"" or "project.json" in message or "network" in message
    return message


# ------------------------------------------------------------------------------------------------------ round trip


@settings(max_examples=60)
@given(document=documents(), seed=st.integers(0, 3), picture=st.sampled_from([b"", PNG]))
def test_everything_comes_back(document: Any, seed: int, picture: bytes) -> None:
    settings_ = TrainSettings(optimizer="adam", learning_rate=0.003, seed=seed)
    data = DataSource(kind="folder", folder="/a b/ö", val_fraction=0.3)
    weights = random_weights(document, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.cnnstudio"
        save_project(path, Project(document, data, settings_, weights, picture))
        again = load_project(path)
        first = path.read_bytes()
        save_project(path, again)
        assert len(path.read_bytes()) == len(first)
        assert thumbnail_of(path) == picture
    assert to_record(again.document) == to_record(document)
    assert (again.data, again.settings, again.thumbnail) == (data, settings_, picture)
    before, after = weights.to_state(document), again.weights.to_state(again.document)
    assert before.keys() == after.keys()
    for key, array in before.items():
        assert np.array_equal(array, after[key])
        assert array.dtype == after[key].dtype


def test_weights_in_another_memory_order_come_back(tmp_path: Path) -> None:
    document = tiny_classifier()
    array = np.arange(4 * 9, dtype=np.float32).reshape(3, 3, 1, 4).transpose(3, 2, 0, 1)
    assert not array.flags.c_contiguous
    save_project(tmp_path / "p.cnnstudio", Project(document, weights=WeightSet({(2, "weight"): array})))
    state = load_project(tmp_path / "p.cnnstudio").weights.to_state(document)
    assert np.array_equal(state["conv1.weight"], array)


@pytest.mark.parametrize(
    "name", ["a b.cnnstudio", "größe 网络 🙂.cnnstudio", "x" * 200 + ".cnnstudio", "no suffix"]
)
def test_any_file_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "ein Ordner, ü"
    folder.mkdir()
    save_project(folder / name, lenet())
    assert content(load_project(folder / name).document) == content(lenet().document)
    assert [file.name for file in folder.iterdir()] == [name]


def test_layers_of_unknown_types_are_kept_as_they_are(tmp_path: Path) -> None:
    record = project_record()
    params = {"heads": 8, "list": [1, [2.5, None]], "nested": {"ö": True}, "big": 2**60}
    record["document"]["layers"].append({"id": 40, "path": "x.attn", "type": "attention", "params": params})
    path = write_json(tmp_path / "p", record)
    project = load_project(path)
    assert codes(project.document)[0] == "unknown_layer"
    save_project(tmp_path / "q", project)
    with zipfile.ZipFile(tmp_path / "q") as archive:
        saved = json.loads(archive.read("project.json"))
    (layer,) = [entry for entry in saved["document"]["layers"] if entry["id"] == 40]
    assert layer["params"] == params
    assert (layer["type"], layer["path"]) == ("attention", "x.attn")


# ------------------------------------------------------------------------- networks with problems open all the same


def test_a_network_that_runs_in_a_circle_opens_and_can_be_mended(tmp_path: Path) -> None:
    path = write_json(tmp_path / "p", project_record(looped()))
    document = load_project(path).document
    (cycle, *_) = [p for p in infer_shapes(document).problems if p.code == "cycle"]
    cycle.fixes[0].command.apply(document)
    assert "cycle" not in codes(document)


def test_two_inputs_and_loose_layers_open(tmp_path: Path) -> None:
    record = project_record()
    more = [{"id": 50, "path": "second", "type": "input"}, {"id": 51, "path": "loose", "type": "relu"}]
    record["document"]["layers"] += more
    document = load_project(write_json(tmp_path / "p", record)).document
    assert {"several_inputs", "unconnected"} <= set(codes(document))


def test_weights_of_another_network_are_left_out_or_reported(tmp_path: Path) -> None:
    from safetensors.numpy import save

    state = {
        "conv1.weight": np.zeros((9, 9), np.float32),
        "elsewhere.weight": np.zeros(3, np.float32),
        "fc1.bias": np.zeros(10, np.float32),
    }
    members = {"project.json": json.dumps(project_record()), "weights.safetensors": save(state)}
    project = load_project(write_zip(tmp_path / "p", members))
    assert set(project.weights.to_state(project.document)) == {"conv1.weight", "fc1.bias"}
    misfits = project.weights.misfits(infer_shapes(project.document))
    assert [project.document.layer(i).path for i in misfits] == ["conv1", "fc1"]


# ------------------------------------------------------------------------------------------------ files that are none


def test_what_is_no_project_file(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "missing.cnnstudio")
    assert "it is a folder" in refusal(tmp_path)
    assert "there is no such file" in refusal(tmp_path / "no" / "folder" / "x")
    path = tmp_path / "x.cnnstudio"
    path.write_bytes(b"")
    assert "no CNN Studio project" in refusal(path)
    path.write_text("hello, this is text")
    assert "no CNN Studio project" in refusal(path)
    write_zip(path, {})
    assert "holds no project.json" in refusal(path)


def test_a_file_cut_off_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "whole.cnnstudio"
    project = lenet()
    save_project(path, Project(project.document, weights=random_weights(project.document), thumbnail=PNG))
    whole = path.read_bytes()
    for share in (0.01, 0.3, 0.7, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert "cut off" in refusal(path)


@settings(max_examples=150)
@given(data=st.data())
def test_bytes_changed_anywhere_never_crash(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p"
        document = tiny_classifier()
        save_project(path, Project(document, weights=random_weights(document), thumbnail=PNG))
        content_ = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content_[data.draw(st.integers(0, len(content_) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content_)
        thumbnail_of(path)
        try:
            load_project(path)
        except FileFormatError as error:
            assert len(str(error)) > 20


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../evil", "a/../../b", "project.json/", "C:\\x", "extra.txt"]
)
def test_members_that_no_project_has(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "p", {"project.json": json.dumps(project_record()), name: "x"})
    assert "which no project file has" in refusal(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["p"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice(tmp_path: Path) -> None:
    text = json.dumps(project_record())
    with zipfile.ZipFile(tmp_path / "p", "w") as archive:
        archive.writestr("project.json", text)
        archive.writestr("project.json", text)
    assert "which no project file has" in refusal(tmp_path / "p")


def test_zip_bombs(tmp_path: Path) -> None:
    bomb = write_zip(tmp_path / "bomb", {"project.json": b" " * (65 * 2**20)})
    assert bomb.stat().st_size < 100_000
    assert "would unpack to 68,157,440 bytes" in refusal(bomb)
    dense = tmp_path / "dense"
    write_zip(dense, {"project.json": b" " * 2**20}, zipfile.ZIP_LZMA)
    assert "would unpack to" in refusal(dense)


@pytest.mark.parametrize("size", [0, 5, 10**6, 2**32 - 2])
def test_lying_sizes(tmp_path: Path, size: int) -> None:
    """The size in the central directory says something else than what the member holds."""
    path = write_json(tmp_path / "p", project_record())
    raw = bytearray(path.read_bytes())
    entry = raw.rindex(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = struct.pack("<I", size)
    path.write_bytes(raw)
    refusal(path)


def test_damaged_compression_and_encryption(tmp_path: Path) -> None:
    path = write_json(tmp_path / "p", project_record())
    raw = bytearray(path.read_bytes())
    start = 30 + len("project.json")
    raw[start : start + 40] = b"\xff" * 40
    path.write_bytes(raw)
    assert "damaged" in refusal(path)
    write_json(path, project_record())
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # encrypted, says the member
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert "encrypted" in refusal(path)


# ----------------------------------------------------------------------------------------------- what the JSON says


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "null",
        "17",
        "{",
        "\x00",
        "{}",
        '{"schema": 1, "document": []}',
        "[" * 100_000,
        '{"document":' * 500 + "1" + "}" * 500,
        '{"schema": 1' + "0" * 5000 + ', "document": {}}',
    ],
)
def test_json_that_is_no_project(tmp_path: Path, text: str) -> None:
    assert "project.json" in refusal(write_json(tmp_path / "p", text))


@pytest.mark.parametrize("schema", [0, -1, 1.0, "1", None, True, [], {}])
def test_schema_numbers_that_are_none(tmp_path: Path, schema: object) -> None:
    path = write_json(tmp_path / "p", {**project_record(), "schema": schema})
    assert "names no schema number" in refusal(path)


def test_a_newer_file_says_so_whatever_else_is_in_it(tmp_path: Path) -> None:
    for record in ({**project_record(), "schema": 2}, {"schema": 99, "networks": []}, {"schema": 10**30}):
        assert "saved by a newer version" in refusal(write_json(tmp_path / "p", record))


WRONG: list[object] = [None, True, -1, 0, 1.5, 10**30, "x", "x" * 1000, [], [1, 2], {}, {"a": 1}]


def fields(record: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where values stand in a record, by keys and indices."""
    found: list[tuple[Any, ...]] = []
    items = record.items() if isinstance(record, dict) else enumerate(record)
    for key, value in items:
        found.append((*at, key))
        if isinstance(value, dict | list):
            found += fields(value, (*at, key))
    return found


def test_wrong_values_in_every_field(tmp_path: Path) -> None:
    """Each is refused with a sentence, or gives a project that can be looked at, saved and opened again."""
    document = tiny_classifier()
    document.change_layer(2, title="T", lr_factor=0.5, trainable=False)
    document.change_info(labels=("a", "b"))
    good = project_record(document)
    good["data"] = DataSource().model_dump(mode="json")
    good["training"] = TrainSettings().model_dump(mode="json")
    path, refused = tmp_path / "p", 0
    places = fields(good)
    assert len(places) > 100
    for *parents, key in places:
        for wrong in WRONG:
            record = copy.deepcopy(good)
            inner = record
            for parent in parents:
                inner = inner[parent]
            inner[key] = wrong
            write_json(path, record)
            try:
                project = load_project(path)
            except FileFormatError as error:
                refused += 1
                assert 20 < len(str(error)) < 600, error
                continue
            assert json.dumps([p.to_json() for p in infer_shapes(project.document).problems])
            save_project(path, project)
            assert to_record(load_project(path).document) == to_record(project.document)
    assert refused > 500


LayerEdit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda d: d["links"].append({"source": 1, "target": 77}), "no layer with the number 77"),
        (lambda d: d["links"].append({"source": 77, "target": 1}), "no layer with the number 77"),
        (
            lambda d: d["links"].append({"source": 1, "target": 3, "port": 0}),
            "already gets its input from conv1",
        ),
        (lambda d: d["links"].append({"source": 2, "target": 1}), "nothing can be linked into it"),
        (lambda d: d["links"].append({"source": 3, "target": 3, "port": 1}), "linked to itself"),
        (lambda d: d["links"].append({"source": 1, "target": 3, "port": 5}), "takes one input"),
        (lambda d: d["links"][0].update(port=-1), "links.0.port"),
        (lambda d: d.update(output=99), "no layer with the number 99"),
        (lambda d: d["layers"][1].update(id=1), "two layers with the number 1"),
        (lambda d: d["layers"][1].update(id=0), "layers.1.id"),
        (lambda d: d["layers"][1].update(id=2**60), "layers.1.id"),
        (lambda d: d["layers"][1].update(path="input"), "already is a layer 'input'"),
        (lambda d: d["layers"][1].update(path="input.x"), "is a layer and no block"),
        (lambda d: d["layers"][1].update(path="a b"), "cannot be a layer's name"),
        (lambda d: d["layers"][1].update(path="forward"), "reserved word"),
        (lambda d: d["layers"][1].pop("path"), "layers.1.path"),
        (lambda d: d["layers"][1].update(typo=1), "layers.1.typo"),
        (lambda d: d["layers"][1]["params"].update(kernel_size=[0, 0]), "Filter size"),
        (lambda d: d["layers"][1]["params"].update(out_channels=10**9), "Filters"),
        (lambda d: d["layers"][1]["params"].update(nonsense=1), "no parameter 'nonsense'"),
        (lambda d: d["layers"][1].update(lr_factor=0), "layers.1.lr_factor"),
        (lambda d: d["layers"][1].update(position=[1e400, 0]), "layers.1.position"),
        (lambda d: d["layers"][1].update(position=[float("nan"), 0]), "layers.1.position"),
        (lambda d: d["preprocessing"].update(crop_fraction=float("nan")), "crop_fraction"),
        (lambda d: d["preprocessing"].update(mean=[float("nan")]), "preprocessing.mean"),
        (lambda d: d["preprocessing"].update(mean=[1e400], std=[0.5]), "preprocessing.mean"),
        (lambda d: d["preprocessing"].update(std=[0.0]), "preprocessing.std"),
    ],
)
def test_damaged_networks_say_where(tmp_path: Path, edit: LayerEdit, says: str) -> None:
    record = project_record()
    edit(record["document"])
    assert says in refusal(write_json(tmp_path / "p", record))


def test_deep_values_in_parameters(tmp_path: Path) -> None:
    for depth in (150, 400, 900, 990):
        text = json.dumps(project_record())
        deep = "[" * depth + "]" * depth
        text = text.replace('"out_channels": 4', f'"out_channels": {deep}')
        assert len(refusal(write_json(tmp_path / "p", text))) < 700
        text = text.replace('"type": "conv2d"', '"type": "unknown"')
        write_json(tmp_path / "p", text)
        try:
            project = load_project(tmp_path / "p")
        except FileFormatError:
            continue
        save_project(tmp_path / "q", project)
        load_project(tmp_path / "q")


@pytest.mark.parametrize(
    "content_", [b"x", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0{}      ", b'\x02\0\0\0\0\0\0\0{"a']
)
def test_damaged_weights(tmp_path: Path, content_: bytes) -> None:
    members = {"project.json": json.dumps(project_record()), "weights.safetensors": content_}
    path = write_zip(tmp_path / "p", members)
    if content_.startswith(b"\x08"):
        assert len(load_project(path).weights) == 0  # a set without tensors is a legal one
    else:
        assert "weights.safetensors is damaged" in refusal(path)


def test_weights_of_a_kind_that_numpy_lacks(tmp_path: Path) -> None:
    header = json.dumps({"conv1.bias": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}).encode()
    content_ = struct.pack("<Q", len(header)) + header + bytes(8)
    members = {"project.json": json.dumps(project_record()), "weights.safetensors": content_}
    assert "weights.safetensors" in refusal(write_zip(tmp_path / "p", members))
