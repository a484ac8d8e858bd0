"""What the packaged program must not do, or not without what it does not bring."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cnn_studio.engine.computing import Computing
from cnn_studio.engine.events import Tuning
from cnn_studio.engine.tuning import _has_compiler
from tests.packaging.conftest import PACKAGING


def test_what_was_measured_elsewhere_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(torch, "compile", lambda *_: pytest.fail("the packaged program has no compiler"))
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    computing = Computing(module, torch.device("cpu"), Tuning(compiled=True))
    assert computing.logits(torch.ones(1, 1, 2, 2)).shape == (1, 2)
    assert not _has_compiler(torch.device("cuda"))


@pytest.mark.parametrize(
    ("before", "after"), [({"LD_LIBRARY_PATH_ORIG": "/usr/local/lib"}, "/usr/local/lib"), ({}, "None")]
)
def test_programs_of_the_system_get_the_libraries_of_the_system(before: dict[str, str], after: str) -> None:
    code = (
        f"exec(open({str(PACKAGING / 'before_start.py')!r}).read()); print(os.environ.get('LD_LIBRARY_PATH'))"
    )
    environment = {**os.environ, "LD_LIBRARY_PATH": "/opt/cnn-studio/_internal", **before}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == after


def test_a_program_without_a_console_has_streams(tmp_path: Path) -> None:
    file = tmp_path / "seen"
    code = (
        "import sys; sys.stdout = sys.stderr = None\n"
        f"exec(open({str(PACKAGING / 'before_start.py')!r}).read())\n"
        f"print('x'); sys.stderr.write('y'); Path({str(file)!r}).write_text('both')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert file.read_text() == "both"
