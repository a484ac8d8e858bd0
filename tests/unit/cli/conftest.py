"""Running the command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cnn_studio.app.project import Project, save_project
from cnn_studio.cli.main import run_command_line
from cnn_studio.graph.document import NetworkDocument


@dataclass(frozen=True)
class Result:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run a command in this process; runs are kept in a folder of this test."""
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))

    def run(*arguments: object) -> Result:
        code = run_command_line([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def save(tmp_path: Path) -> Callable[[NetworkDocument], Path]:
    """Save a document as a project and return its file."""

    def write(document: NetworkDocument) -> Path:
        path = tmp_path / "project.cnnstudio"
        save_project(path, Project(document))
        return path

    return write
