"""The groups in which tests are shared out over processes are of files and fixtures that there are."""

from pathlib import Path

from tests.sharing import COSTLY, SLOWEST_FIRST

ROOT = Path(__file__).parents[2]


def test_every_group_that_comes_first_is_a_file_or_a_fixture_that_files_share() -> None:
    assert [name for name in SLOWEST_FIRST if not (name in COSTLY or (ROOT / name).is_file())] == []


def test_every_costly_fixture_is_defined_once_for_a_session() -> None:
    defined = "".join(path.read_text() for path in ROOT.glob("tests/**/conftest.py"))
    for name in COSTLY:
        assert f"\ndef {name}(" in defined, name
