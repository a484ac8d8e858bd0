"""Own blocks: kept, found again, renamed, passed on; files that are damaged or hostile are named and left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnn_studio.app.my_blocks import MyBlocks
from cnn_studio.app.own_block import read_block
from cnn_studio.core.errors import FileFormatError, GraphError, StorageError
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.presets import insert_preset
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter


@pytest.fixture
def shelf(tmp_path: Path) -> MyBlocks:
    return MyBlocks(tmp_path / "blocks")


@pytest.fixture(scope="module")
def resnet() -> NetworkDocument:
    return find_starter("resnet18").build()


def members(document: NetworkDocument, block: str) -> list[int]:
    return [layer.id for layer in document.layers.values() if layer.path.startswith(f"{block}.")]


def keep(shelf: MyBlocks, document: NetworkDocument, block: str, name: str, description: str = "") -> str:
    return shelf.add(infer_shapes(document), members(document, block), name, description).key


def test_a_kept_block_is_inserted_with_its_links_and_parameters_under_free_names(shelf, resnet):
    keep(shelf, resnet, "layer1.0", "Residual unit", "  from   ResNet-18 ")
    (block,) = MyBlocks(shelf.folder).blocks  # as the next start of the program reads it
    assert (block.name, block.description) == ("Residual unit", "from ResNet-18")
    assert block.facts == "7 layers · 73,984 parameters"
    document = resnet.copy()
    target = document.layer_at("layer1.1.conv1").id
    (source,) = document.sources_of(target)
    before = infer_shapes(document)
    total = sum(before.num_params(i) or 0 for i in before.order)
    for number in (1, 2):
        feeding = document.sources_of(target)[0]
        insert_preset(document, block.preset, link=Link(feeding, target)).apply(document)
        assert f"layer1.residual_unit{number}.conv1" in document.paths
    report = infer_shapes(document)
    assert report.ok
    assert sum(report.num_params(i) or 0 for i in report.order) == total + 2 * 73_984
    one, two = (members(document, f"layer1.residual_unit{n}") for n in (1, 2))
    assert source in document.sources_of(document.layer_at("layer1.residual_unit1.conv1").id)
    assert len(one) == len(two) == 7
    for new, old in zip(one, members(resnet, "layer1.0"), strict=True):
        assert document.layer(new).params == resnet.layer(old).params


def test_single_layers_and_loose_selections_can_be_kept(shelf, resnet):
    report = infer_shapes(resnet)
    conv = resnet.layer_at("layer2.0.conv1").id
    one = shelf.add(report, [conv], "Halving convolution")
    assert one.facts == "1 layer · 73,728 parameters"
    document = resnet.copy()
    insert_preset(document, one.preset, after=members(document, "layer1.1")[-1]).apply(document)
    assert document.layer_at("halving_convolution1").params == resnet.layer(conv).params
    ends = shelf.add(report, [resnet.layer_at("conv1").id, resnet.layer_at("fc").id], "Both ends")
    assert ends.num_layers == 2
    document = resnet.copy()
    insert_preset(document, ends.preset, at=(900.0, 0.0)).apply(document)
    assert {"both_ends1.conv1", "both_ends1.fc"} <= document.paths.keys()


def test_a_block_with_the_networks_input_stands_alone(shelf, resnet):
    ids = [resnet.layer_at("input").id, resnet.layer_at("conv1").id]
    block = shelf.add(infer_shapes(resnet), ids, "Stem")
    document = resnet.copy()
    with pytest.raises(GraphError, match="Stem begins with an input of its own"):
        insert_preset(document, block.preset, after=document.layer_at("conv1").id)
    insert_preset(document, block.preset, at=(0.0, -400.0)).apply(document)
    assert document.sources_of(document.layer_at("stem1.conv1").id) == [document.layer_at("stem1.input").id]


def test_shared_weights_stay_shared_within_the_block_and_freezing_stays_behind(shelf, resnet):
    document = resnet.copy()
    first, second = (document.layer_at(f"layer1.0.conv{n}").id for n in (1, 2))
    document.change_layer(second, tied_to=first)
    SetTraining(ids=(first,), trainable=False, lr_factor=0.1).apply(document)
    key = keep(shelf, document, "layer1.0", "Tied")
    block = shelf.find(key)
    insert_preset(document, block.preset, after=members(document, "layer1.1")[-1]).apply(document)
    new = {n: document.layer_at(f"tied1.conv{n}") for n in (1, 2)}
    assert new[2].tied_to == new[1].id
    assert new[1].trainable and new[1].lr_factor == 1.0
    alone = shelf.add(infer_shapes(document), [second], "Alone")
    assert next(layer for layer in alone.part.layers.values() if layer.id == 2).tied_to is None


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\evil\\con", "c_evil_con"),
        ("Блок с вниманием", "block"),
        ("Ünïcode Blöck", "unicode_block"),
        ("残差", "block"),
        ("3 × 3", "block_3_3"),
        ("forward", "block_forward"),
        ("a" * 60, "a" * 40),
        ("<b>bold</b>", "b_bold_b"),
        (".hidden", "hidden"),
    ],
)
def test_any_name_makes_a_file_in_the_folder_and_a_legal_path(shelf, resnet, name, stem):
    key = keep(shelf, resnet, "layer1.0", name)
    assert key == stem
    assert [path.name for path in shelf.folder.iterdir()] == [f"{stem}.json"]
    document = resnet.copy()
    insert_preset(document, shelf.find(key).preset, at=(0.0, 0.0)).apply(document)
    assert infer_shapes(MyBlocks(shelf.folder).find(key).part).states
    assert MyBlocks(shelf.folder).find(key).name == name


@pytest.mark.parametrize("name", ["", "   ", "\t\n", "x" * 61, "bell\x07", "turn\u202eed", "half\ud800"])
def test_names_that_nobody_could_read_are_refused(shelf, resnet, name):
    with pytest.raises(GraphError, match=r"[Nn]ame"):
        keep(shelf, resnet, "layer1.0", name)
    assert not shelf.blocks and not shelf.folder.exists()


def test_a_name_is_taken_whatever_its_case_and_files_never_collide(shelf, resnet):
    keep(shelf, resnet, "layer1.0", "Unit")
    for same in ("unit", "  UNIT ", "\uff35nit"):  # the last with a full-width U
        with pytest.raises(GraphError, match="already is a block"):
            keep(shelf, resnet, "layer1.1", same)
    other = keep(shelf, resnet, "layer1.1", "Unit!")
    assert other == "unit-2" and len(MyBlocks(shelf.folder).blocks) == 2
    with pytest.raises(GraphError, match="Select the block"):
        shelf.add(infer_shapes(resnet), [], "Nothing")


def test_renaming_deleting_and_telling_who_listens(shelf, resnet):
    heard = []
    key = keep(shelf, resnet, "layer1.0", "Unit")
    shelf.changed.connect(lambda: heard.append([block.name for block in shelf.blocks]))
    shelf.rename(key, "unit")  # its own name in other letters
    keep(shelf, resnet, "layer1.1", "Another")
    with pytest.raises(GraphError, match="already is"):
        shelf.rename(key, "Another")
    shelf.delete(key)
    assert heard == [["unit"], ["Another", "unit"], ["Another"]]
    assert [block.name for block in MyBlocks(shelf.folder).blocks] == ["Another"]
    for act in (
        lambda: shelf.delete(key),
        lambda: shelf.rename(key, "new"),
        lambda: shelf.export(key, Path("x")),
    ):
        with pytest.raises(GraphError, match="not there any more"):
            act()


def test_a_block_goes_from_one_person_to_another_as_a_file(shelf, resnet, tmp_path):
    key = keep(shelf, resnet, "layer1.0", "Unit")
    file = tmp_path / "für dich.json"
    shelf.export(key, file)
    assert shelf.take(file).name == "Unit 2"
    assert shelf.take(file).name == "Unit 3"
    other = MyBlocks(tmp_path / "other")
    assert other.take(file).name == "Unit"
    assert other.blocks[0].facts == shelf.find(key).facts
    with pytest.raises(StorageError, match="no such folder"):
        shelf.export(key, tmp_path / "nowhere" / "file.json")


def damage(text: str, kind: str) -> bytes:
    record = json.loads(text)
    network = record["network"]
    if kind == "huge":
        return b" " * (4 * 2**20 + 1) + text.encode()
    if kind == "deep":
        return b"[" * 100_000
    if kind == "latin":
        return text.encode().replace(b"Unit", b"Un\xeft")
    if kind == "half":
        return text.encode()[:-40]
    if kind == "type":
        record["kind"] = "something"
    elif kind == "schema":
        record["schema"] = 2
    elif kind == "name":
        record["name"] = "\n"
    elif kind == "shape":
        record["input_shape"] = [0, -3, 10**30]
    elif kind == "no output":
        network["output"] = 1
    elif kind == "empty":
        network.update(layers=network["layers"][:1], links=[], output=None)
    elif kind == "path":
        network["layers"][1]["path"] = "x" * 198
    elif kind == "params":
        network["layers"][1]["params"]["out_channels"] = -1
    elif kind == "link":
        network["links"][0]["target"] = 99
    elif kind == "extra":
        record["__class__"] = "os.system"
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    "kind",
    ["huge", "deep", "latin", "half", "type", "schema", "name", "shape", "no output", "empty", "path", "params", "link", "extra"],
)  # fmt: skip
def test_damaged_and_hostile_files_are_named_and_left_out(shelf, resnet, tmp_path, kind):
    key = keep(shelf, resnet, "layer1.0", "Unit")
    text = shelf.find(key).to_text()
    file = tmp_path / "given.json"
    file.write_bytes(damage(text, kind))
    with pytest.raises(FileFormatError, match=r"^given\.json is no block that can be read: ") as said:
        shelf.take(file)
    assert len(str(said.value)) < 400 and "\n" not in str(said.value)
    assert [block.name for block in shelf.blocks] == ["Unit"]
    (shelf.folder / "bad.json").write_bytes(damage(text, kind))
    shelf.reload()
    assert [block.name for block in shelf.blocks] == ["Unit"]
    assert len(shelf.skipped) == 1 and shelf.skipped[0].startswith("bad.json is no block")


def test_what_is_no_file_is_no_block(shelf, tmp_path):
    for path in (tmp_path, tmp_path / "missing.json", Path("/dev/zero")):
        with pytest.raises(FileFormatError, match="no such file"):
            read_block(path)
    assert shelf.blocks == () and shelf.skipped == ()


def test_layers_of_unknown_types_are_kept(shelf, resnet):
    document = resnet.copy()
    document.change_layer(document.layer_at("layer1.0.bn1").id, type="norm_of_tomorrow", params={"x": [1]})
    block = shelf.find(keep(shelf, document, "layer1.0", "From the future"))
    insert_preset(resnet.copy(), block.preset, at=(0.0, 0.0))
    again = MyBlocks(shelf.folder).find(block.key)
    assert {layer.type for layer in again.part.layers.values()} >= {"norm_of_tomorrow", "conv2d", "add"}
