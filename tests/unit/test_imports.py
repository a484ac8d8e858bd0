"""What is loaded when: the slow libraries only where they are needed. And no file grows too long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import cnn_studio
from tests.helpers.projects import lenet, random_weights

SLOW = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "PIL",
    "sklearn",
    "PySide6",
    "pyqtgraph",
    "qtawesome",
    "safetensors",
)
PACKAGE = Path(cnn_studio.__file__).parent


def run(code: str, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


BLOCKER = f"""
import importlib.abc, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SLOW!r}:
            raise ImportError(f"{{name}} must not be imported here")
        return None

sys.meta_path.insert(0, Blocker())
"""

LOADED = f"\nprint(sorted(set({SLOW!r}) & {{name.partition('.')[0] for name in sys.modules}}))"


def test_the_package_alone_loads_nothing_slow() -> None:
    assert run("import sys, cnn_studio, cnn_studio.__main__" + LOADED).strip() == "[]"


def test_core_and_graph_live_without_the_slow_libraries() -> None:
    modules = [
        ".".join(("cnn_studio", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for name in ("core", "graph")
        for file in sorted((PACKAGE / name).rglob("*.py"))
    ]
    assert len(modules) > 20
    work = """
from cnn_studio.graph.starters import STARTERS
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.records import from_record, to_record
for starter in STARTERS:
    assert infer_shapes(from_record(to_record(starter.build()))).ok
"""
    run(BLOCKER + "".join(f"import {name}\n" for name in modules) + work)


@pytest.mark.parametrize("command", [["check"], ["summary"], ["summary", "--json"]])
def test_looking_at_a_network_needs_neither_torch_nor_qt(tmp_path: Path, command: list[str]) -> None:
    from cnn_studio.app.project import Project, save_project

    document = lenet().document
    path = tmp_path / "p.cnnstudio"
    save_project(path, Project(document, weights=random_weights(document)))
    code = "import sys\nfrom cnn_studio.cli.main import run_command_line\n"
    code += "assert run_command_line(sys.argv[1:]) == 0"
    loaded = run(code + LOADED, command[0], str(path), *command[1:]).splitlines()[-1]
    assert "torch" not in loaded
    assert "Py" not in loaded and "pyqtgraph" not in loaded


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in PACKAGE.rglob("*.py")}
    assert len(lengths) > 100
    assert {str(file): lines for file, lines in lengths.items() if lines > 400} == {}
