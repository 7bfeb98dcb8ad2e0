"""The groups in which tests are shared out over processes are of files that there are."""

from pathlib import Path

from tests.sharing import SLOWEST_FIRST, TOGETHER, group_of

ROOT = Path(__file__).parents[2]


def test_every_group_names_existing_files() -> None:
    named = [*TOGETHER, *(name for name in SLOWEST_FIRST if name not in TOGETHER.values())]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_files_that_share_a_costly_fixture_are_one_group_and_other_files_have_groups_of_their_own() -> None:
    assert group_of("tests/unit/query/test_cache.py::test_a[x::y]") == group_of("tests/unit/query/client/test_b.py::t")
    assert group_of("tests/unit/cli/test_up.py::test_a[x::y]") == "tests/unit/cli/test_up.py"
