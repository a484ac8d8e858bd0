"""Preferences and the places of the program's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnn_studio.app.places import runs_folder, settings_file
from cnn_studio.app.preferences import MAX_RECENT, Preferences, load_preferences, save_preferences


def test_round_trip_in_a_folder_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    kept = Preferences(theme="dark", geometry="abc", welcomed=True)
    kept.remember(tmp_path / "ö.cnnstudio")
    save_preferences(kept, path)
    assert load_preferences(path) == kept


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"theme": "pink"}', b'{"recent": 3}', b'{"recent": [1]}'],
)
def test_a_damaged_file_gives_the_defaults(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert load_preferences(path) == Preferences()
    save_preferences(Preferences(theme="light"), path)
    assert load_preferences(path).theme == "light"


def test_missing_folder_or_newer_fields_are_no_trouble(tmp_path: Path) -> None:
    assert load_preferences(tmp_path / "no") == Preferences()
    assert load_preferences(tmp_path) == Preferences()
    (tmp_path / "s").write_text('{"theme": "dark", "from_the_future": 1}')
    assert load_preferences(tmp_path / "s").theme == "dark"


def test_a_place_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    save_preferences(Preferences(), tmp_path / "file" / "settings.json")
    assert (tmp_path / "file").read_text() == "x"


def test_recent_projects_latest_first_and_once(tmp_path: Path) -> None:
    kept = Preferences()
    for n in [*range(20), 15]:
        kept.remember(tmp_path / str(n))
    assert len(kept.recent) == MAX_RECENT
    assert [Path(text).name for text in kept.recent[:3]] == ["15", "19", "18"]


def test_home_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path))
    assert settings_file() == tmp_path / "settings.json"
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.delenv("CNN_STUDIO_HOME")
    assert "cnn-studio" in str(runs_folder())
