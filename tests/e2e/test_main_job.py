"""The main job in a real window, with real mouse and keys."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.desktop import ROOT, Program, Screen


def middle_of(program: Program, source: str, target: str) -> list[int]:
    found: list[int] = program.steady(
        f"the wire from {source} to {target}",
        lambda m: next((w["at"] for w in m["wires"] if (w["source"], w["target"]) == (source, target)), None),
    )
    return found


def test_build_train_save_and_open_again(program: Program, tmp_path: Path) -> None:
    program.start()
    before = program.see()
    assert before["title"].startswith("LeNet-5")
    assert before["problems"] == [] and before["can_train"]

    # drag a convolution from the palette onto a wire, and take it back
    program.drag(program.widget("Convolution", "item"), middle_of(program, "C1", "S2"), pause=0.3)
    after = program.wait("the new layer", lambda m: m if "conv1" in m["layers"] else None)
    assert ["C1", "conv1"] in after["links"] and ["conv1", "S2"] in after["links"]
    assert ["C1", "S2"] not in after["links"]
    program.press("ctrl+z")
    undone = program.wait("the undo", lambda m: m if "conv1" not in m["layers"] else None)
    assert undone["links"] == before["links"]

    # one click on Train
    started = time.monotonic()
    program.click(program.widget("Train", "QToolButton"))
    outcome = program.wait("the end of the run", lambda m: m["outcomes"] and m["outcomes"][0], 60)
    print(f"one click on Train: {outcome} after {time.monotonic() - started:.1f} s")
    assert outcome["status"] == "done", outcome
    assert outcome["val_accuracy"] >= 0.955

    # save, quit, open again
    file = tmp_path / "mein Netz ä.cnnstudio"
    program.press("ctrl+s")
    program.widget("", "QFileDialog")
    program.type(str(tmp_path / "net"))
    program.press("Return")
    saved = tmp_path / "net.cnnstudio"
    program.wait("the saved state", lambda m: not m["modified"])
    assert saved.exists()
    saved.rename(file)
    program.press("ctrl+q")
    assert program.wait_end() == 0

    program.start(file)
    opened = program.see()
    assert opened["title"].startswith("mein Netz ä")
    assert opened["layers"] == before["layers"] and opened["trained"] and not opened["modified"]
    program.press("ctrl+q")
    assert program.wait_end() == 0
    assert program.complaints == ""


def test_closing_while_training_ends_the_process_soon(program: Program) -> None:
    program.start()
    program.press("ctrl+t")
    program.wait("the run", lambda m: m["training"] == "running", 20)
    program.press("ctrl+q")
    yes = program.widget("Interrupt and close", "QPushButton")
    started = time.monotonic()
    program.click(yes)
    try:
        program.click(program.widget("Don't Save", "QPushButton"))
    except AssertionError:
        assert program.process is not None and program.process.poll() is not None
    assert program.wait_end(10) == 0
    assert time.monotonic() - started < 8


def test_a_file_that_is_no_project_is_refused_in_a_sentence(screen: Screen, tmp_path: Path) -> None:
    file = tmp_path / "holiday.cnnstudio"
    file.write_bytes(b"not a zip at all")
    done = subprocess.run(
        [sys.executable, "-m", "cnn_studio", "open", str(file)],
        cwd=ROOT,
        env={"DISPLAY": screen.display, "PATH": "", "CNN_STUDIO_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert str(file) in done.stderr and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_the_installed_command_opens_a_window(screen: Screen, tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("cnn-studio")
    process = subprocess.Popen(
        [str(command)],
        env={"DISPLAY": screen.display, "PATH": "/usr/bin:/bin", "CNN_STUDIO_HOME": str(tmp_path / "home")},
    )
    try:
        window = screen.tool("search", "--sync", "--onlyvisible", "--name", "CNN Studio").splitlines()[0]
        assert "LeNet-5" in screen.tool("getwindowname", window)
        screen.tool("windowfocus", "--sync", window)
        screen.tool("key", "ctrl+q")
        assert process.wait(15) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
