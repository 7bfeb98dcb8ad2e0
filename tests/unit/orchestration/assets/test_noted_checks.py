"""Which findings of checks are written down for readers."""

from event_lens.warehouse.failed_checks import FailedCheck, failed_of
from orchestration.assets.noted_checks import Finding, changes

SESSIONS = frozenset({"sessions"})
FAILED = FailedCheck("looks", "warn", SESSIONS, frozenset({"p"}), 1000)


def finding(name: str = "looks", *, passed: bool = False, projects: str = "p") -> Finding:
    return Finding(name, passed, "warn", SESSIONS, frozenset(projects))


def test_only_what_differs_from_before_is_written() -> None:
    assert list(changes([], [finding(passed=True)])) == []
    assert list(changes([FAILED], [finding()])) == []
    assert [row["projects"] for row in changes([], [finding()])] == [["p"]]


def test_a_check_that_fails_for_other_projects_keeps_the_time_of_its_first_failure() -> None:
    (row,) = changes([FAILED], [finding(projects="pq")])
    assert (row["projects"], row["since"]) == (["p", "q"], 1000)


def test_a_check_that_passes_again_and_one_that_is_not_known_any_longer_fail_no_more() -> None:
    gone = FailedCheck("renamed", "error", SESSIONS, frozenset(), 1000)
    rows = changes([FAILED, gone], [finding(passed=True)], known={"looks"})
    assert list(rows) == [{"check_name": "looks", "is_failing": 0}, {"check_name": "renamed", "is_failing": 0}]


def test_a_check_that_was_not_looked_at_stays_as_it_was() -> None:
    assert list(changes([FAILED], [], known={"looks"})) == []
    assert list(changes([FAILED], [finding("another", passed=True)])) == []


def test_answers_from_a_checks_tables_name_its_failure_to_its_projects() -> None:
    everybody = FailedCheck("rows", "error", frozenset({"metrics_daily"}), frozenset(), 1000)
    both = [FAILED, everybody]
    assert failed_of(both, "p", "live", "SELECT count() FROM lens.sessions") == [FAILED]
    assert failed_of(both, "q", "live", "SELECT count() FROM lens.sessions") == []
    assert failed_of(both, "p", "sessions", "SELECT 1") == [FAILED]
    assert failed_of(both, "p", "lens_raw.sessions", "SELECT 1") == []
    assert failed_of(both, "q", "live", "SELECT 1 FROM lens_staging.int_metrics_daily WHERE day = today()") == [
        everybody
    ]
    assert failed_of(both, "p", "live", "SELECT 1 FROM lens.sessions_of_others") == []
