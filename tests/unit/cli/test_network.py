"""``new``, ``check``, ``summary``, ``layers`` and ``doctor``: exit codes, JSON and sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cnn_studio.app.project import load_project
from cnn_studio.graph.commands import parse_command
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import STARTERS
from tests.helpers.networks import chain, looped, problems
from tests.unit.cli.conftest import Cli, Result

Save = Callable[[NetworkDocument], Path]
FLAT = ("flatten", "flatten", {})


def odd() -> NetworkDocument:
    """Two windows that do not tile, one that is too large."""
    return chain(
        (1, 7, 7),
        ("p1", "max_pool2d", {}),
        ("p2", "max_pool2d", {}),
        ("p3", "max_pool2d", {"kernel_size": 3}),
        FLAT,
    )


def test_new_makes_a_sound_project(cli: Cli, tmp_path: Path) -> None:
    for starter in STARTERS:
        path = tmp_path / f"{starter.name} ü.cnnstudio"
        assert cli("new", starter.name, "-o", path) == Result(0, "", "")
        project = load_project(path)
        assert [p for p in problems(project.document) if p.severity == "error"] == []
        assert project.document.info.labels == (tuple("0123456789") if starter.classes == 10 else ())
        assert project.settings.speed == "exact"


def test_new_lists_and_refuses(cli: Cli, tmp_path: Path) -> None:
    listed = cli("new", "--list")
    assert listed.code == 0
    assert all(starter.name in listed.out for starter in STARTERS)
    for arguments, says in (
        (["new"], "Name a starter"),
        (["new", "lenet5"], "Say where to save"),
        (["new", "vgg99", "-o", tmp_path / "x"], "no starter 'vgg99'"),
        (["new", "lenet5", "-o", tmp_path / "no" / "x"], "no such folder"),
    ):
        result = cli(*arguments)
        assert (result.code, result.out) == (2, "")
        assert says in result.err
    assert list(tmp_path.iterdir()) == []


def test_usage_errors_are_bad_input(cli: Cli, tmp_path: Path) -> None:
    for arguments in (
        ["frobnicate"],
        ["check"],
        ["check", "a", "b"],
        ["summary", "--nope"],
        ["check", "x", "--fix", "0"],
    ):
        result = cli(*arguments)
        assert result.code == 2, arguments
        assert result.err
    assert cli("--help").code == 0
    shown = " ".join(cli("--help").out.split())
    assert "Usage: cnn-studio" in shown
    assert "3 stopped by the user" in shown


@pytest.mark.parametrize("command", ["check", "summary", "train"])
def test_files_that_are_no_projects(cli: Cli, tmp_path: Path, command: str) -> None:
    (tmp_path / "text").write_text("hello")
    for name in ("missing", "text", "."):
        result = cli(command, tmp_path / name)
        assert (result.code, result.out) == (2, "")
        assert len(result.err.splitlines()) == 1


def test_check_json_in_the_order_of_the_layers(cli: Cli, save: Save) -> None:
    result = cli("check", save(odd()), "--json")
    assert result.code == 1
    assert result.json["ok"] is False
    problems = result.json["problems"]
    assert [(p["path"], p["code"], p["severity"]) for p in problems] == [
        ("p1", "not_tiling", "warning"),
        ("p2", "not_tiling", "warning"),
        ("p3", "window_too_large", "error"),
    ]
    for problem in problems:
        assert problem["message"].endswith(".")
        for fix in problem["fixes"]:
            assert fix["label"]
            document = odd()
            parse_command(fix["command"]).apply(document)
            left = [(p.code, p.path) for p in infer_shapes(document).problems]
            assert (problem["code"], problem["path"]) not in left


def test_check_of_a_sound_network(cli: Cli, tmp_path: Path) -> None:
    cli("new", "lenet5", "-o", tmp_path / "p")
    assert cli("check", tmp_path / "p", "--json").json == {"ok": True, "problems": []}
    plain = cli("check", tmp_path / "p")
    assert (plain.code, plain.out) == (0, "No problems.\n")


def test_warnings_and_notes_are_no_failure(cli: Cli, save: Save) -> None:
    document = chain((1, 7, 7), ("pool", "max_pool2d", {}), FLAT)
    result = cli("check", save(document))
    assert result.code == 0
    assert "warning pool [not_tiling]" in result.out
    assert "fix 1:" in result.out
    assert result.out.endswith("1 warning\n")


def test_fixes_one_after_the_other(cli: Cli, save: Save, tmp_path: Path) -> None:
    path, out = save(odd()), tmp_path / "fixed"
    before = path.read_bytes()
    assert cli("check", path, "--fix", 1, "-o", out).code == 0
    assert path.read_bytes() == before
    left = cli("check", out, "--json").json["problems"]
    assert "p1" not in [p["path"] for p in left]
    result = cli("check", path, "--fix", 99, "-o", tmp_path / "never")
    assert result.code == 2
    assert "not_tiling at p1" in result.err
    assert not (tmp_path / "never").exists()
    assert cli("check", path, "--fix", 1).code == 0
    assert path.read_bytes() != before


def test_no_problem_to_fix(cli: Cli, tmp_path: Path) -> None:
    cli("new", "mlp", "-o", tmp_path / "p")
    result = cli("check", tmp_path / "p", "--fix", 1)
    assert (result.code, result.err) == (2, "The network has no problem to fix.\n")


def test_summary_of_lenet(cli: Cli, tmp_path: Path) -> None:
    cli("new", "lenet5", "-o", tmp_path / "p")
    record = cli("summary", tmp_path / "p", "--json").json
    assert (record["total_params"], record["trainable_params"]) == (61_750, 61_750)
    rows = {row["path"]: (row["type"], row["output_shape"], row["params"]) for row in record["layers"]}
    assert list(rows) == ["input", "C1", "S2", "C3", "S4", "C5", "flatten", "F6", "OUT"]
    assert rows["S2"] == ("subsampling", [6, 14, 14], 12)
    assert rows["F6"] == ("linear", [84], 10_164)
    plain = cli("summary", tmp_path / "p")
    assert plain.code == 0
    assert "61,750 parameters, 61,750 trainable" in plain.out
    assert "48,120" in plain.out


def test_summary_counts_frozen_layers_and_unknown_shapes(cli: Cli, save: Save) -> None:
    document = chain(
        (1, 4, 4), FLAT, ("a", "linear", {"out_features": 3}), ("b", "linear", {"out_features": 2})
    )
    document.change_layer(document.paths["a"], trainable=False)
    record = cli("summary", save(document), "--json").json
    assert (record["total_params"], record["trainable_params"]) == (51 + 8, 8)
    assert (record["frozen_params"], record["frozen_layers"]) == (51, 1)
    assert [(row["path"], row["frozen"]) for row in record["layers"] if row["params"]] == [
        ("a", True),
        ("b", False),
    ]
    broken = cli("summary", save(odd()), "--json")
    assert broken.code == 1
    last = broken.json["layers"][-1]
    assert (last["output_shape"], last["params"]) == (None, None)
    assert cli("summary", save(odd())).code == 1


def test_summary_says_how_layers_train(cli: Cli, save: Save) -> None:
    document = chain(
        (3, 4, 4),
        ("conv", "conv2d", {"out_channels": 3, "kernel_size": 3, "padding": 1}),
        ("bn", "batch_norm", {}),
        ("relu", "relu", {}),
        FLAT,
        ("a", "linear", {"out_features": 48}),
        ("b", "linear", {"out_features": 48}),
        ("c", "linear", {"out_features": 2}),
    )
    paths = document.paths
    document.change_layer(paths["conv"], lr_factor=0.1)
    document.change_layer(paths["bn"], keep_statistics=True)
    document.change_layer(paths["relu"], trainable=False)
    document.change_layer(paths["b"], tied_to=paths["a"], trainable=False)
    text = cli("summary", save(document)).out
    for said in ("conv (rate × 0.1)", "bn (statistics kept)", "a (frozen)", "b (frozen)"):
        assert said in text
    assert "relu (" not in text
    total, shared = 3 * 3 * 9 + 3 + 6 + 48 * 48 + 48 + 48 * 2 + 2, 48 * 48 + 48
    assert f"{total:,} parameters, {total - shared:,} trainable, {shared:,} frozen in 2 layers;" in text
    record = cli("summary", save(document), "--json").json
    conv, bn = record["layers"][1:3]
    assert (conv["lr_factor"], bn["keep_statistics"], bn["frozen"]) == (0.1, True, False)


def test_damaged_networks_can_be_looked_at(cli: Cli, save: Save) -> None:
    path = save(looped())
    assert cli("check", path).code == 1
    assert cli("summary", path).code == 1
    assert "runs in a circle" in cli("check", path).out


def test_layers_lists_every_type_and_parameter(cli: Cli) -> None:
    listed = cli("layers", "--json").json
    assert [entry["id"] for entry in listed] == [spec.id for spec in all_specs()]
    (conv,) = [entry for entry in listed if entry["id"] == "conv2d"]
    assert {p["key"] for p in conv["params"]} >= {"out_channels", "kernel_size", "stride", "padding"}
    for entry in listed:
        assert json.dumps(entry)
        assert all(p["help"].endswith(".") and p["range"] for p in entry["params"])
    plain = cli("layers")
    assert plain.code == 0
    assert all(spec.title in plain.out for spec in all_specs())
    assert "true or false, default true" in plain.out
    assert "default zeros" in plain.out  # as one writes it, not as the window shows it


def test_doctor_names_versions_and_device(cli: Cli) -> None:
    result = cli("doctor")
    assert result.code in {0, 1}
    assert "torch 2." in result.out
    assert "Device:" in result.out
    assert ("System libraries: complete" in result.out) == ("apt-get install" not in result.out)


def test_an_output_without_a_fix_is_refused(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "l.cnnstudio"
    cli("new", "lenet5", "-o", file)
    result = cli("check", file, "-o", tmp_path / "other.cnnstudio")
    assert result.code == 2 and "--fix" in result.err
    assert not (tmp_path / "other.cnnstudio").exists()
