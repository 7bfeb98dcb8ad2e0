"""The home is made once, carries its format and refuses to be read by an older program."""

from pathlib import Path

import pytest

from event_lens.data_dir import FOLDERS, prepare_home
from event_lens.errors import Refused


def test_a_new_home_has_its_folders_for_the_owner_only(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "deep" / "home")
    assert home.stat().st_mode & 0o777 == 0o700
    assert {folder.name for folder in home.iterdir() if folder.is_dir()} == set(FOLDERS)
    assert all((home / name).stat().st_mode & 0o777 == 0o700 for name in FOLDERS)
    assert (home / "format").read_text() == "1\n"


def test_folders_that_were_made_beforehand_are_for_the_owner_only(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    for folder in (tmp_path, tmp_path / "spool"):
        folder.chmod(0o755)
    prepare_home(tmp_path)
    assert [folder.stat().st_mode & 0o777 for folder in (tmp_path, tmp_path / "spool")] == [0o700, 0o700]


def test_preparing_again_changes_nothing(tmp_path: Path) -> None:
    kept = prepare_home(tmp_path) / "spool" / "segment"
    kept.write_text("rows")
    prepare_home(tmp_path)
    assert kept.read_text() == "rows"


@pytest.mark.parametrize(("text", "code"), [("2", "home_newer"), ("", "home_unreadable"), ("x", "home_unreadable")])
def test_a_home_of_another_format_is_refused(tmp_path: Path, text: str, code: str) -> None:
    prepare_home(tmp_path)
    (tmp_path / "format").write_text(text)
    with pytest.raises(Refused, match="EVENTLENS_HOME") as refusal:
        prepare_home(tmp_path)
    assert refusal.value.code == code


def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused) as refusal:
        prepare_home(tmp_path / "file" / "home")
    assert refusal.value.code == "home_unwritable"
