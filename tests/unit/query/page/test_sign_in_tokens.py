"""Addresses that sign in: once, within minutes, and useless to whoever reads the home."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from query.page.sign_in_tokens import FOLDER, VALID_MS, Grant, create_token, redeem_token


def test_a_token_opens_what_it_was_made_for_and_only_once(tmp_path: Path) -> None:
    for project_id in ("shop", None):
        token = create_token(tmp_path, project_id, 1000)
        assert redeem_token(tmp_path, token, 2000) == Grant(project_id, 1000 + VALID_MS)
        assert redeem_token(tmp_path, token, 2000) is None


def test_of_many_visitors_with_one_token_only_one_gets_in(tmp_path: Path) -> None:
    token = create_token(tmp_path, None, 0)
    with ThreadPoolExecutor(8) as threads:
        grants = list(threads.map(lambda _: redeem_token(tmp_path, token, 0), range(32)))
    assert sum(grant is not None for grant in grants) == 1


def test_a_token_dies_after_fifteen_minutes(tmp_path: Path) -> None:
    token, other = create_token(tmp_path, None, 0), create_token(tmp_path, None, 0)
    assert redeem_token(tmp_path, token, VALID_MS - 1) is not None
    assert redeem_token(tmp_path, other, VALID_MS) is None


def test_tokens_that_died_are_removed_when_the_next_is_made(tmp_path: Path) -> None:
    for _ in range(3):
        create_token(tmp_path, None, 0)
    (tmp_path / FOLDER / "cut-short").write_bytes(b'{"project')
    create_token(tmp_path, None, VALID_MS)
    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_the_home_keeps_no_token_and_only_its_owner_reads_there(tmp_path: Path) -> None:
    token = create_token(tmp_path, None, 0)
    (file,) = (tmp_path / FOLDER).iterdir()
    assert token not in file.name + file.read_text()
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent)] == [0o600, 0o700]
    assert redeem_token(tmp_path, file.name, 0) is None


def test_a_token_that_never_was_is_refused_whatever_it_holds(tmp_path: Path) -> None:
    for token in ("", "x", "../registry.db", "\0", "\ud800", "a" * 100_000):
        assert redeem_token(tmp_path, token, 0) is None
    assert list(tmp_path.iterdir()) == []
