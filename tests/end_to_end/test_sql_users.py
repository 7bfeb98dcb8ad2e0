"""Somebody who writes SQL sees the rows of their own projects, in whatever way they ask."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.end_to_end.running import House
from tests.end_to_end.site import Site

Ask = Callable[[str], httpx.Response]


class Analyst:
    """A SQL user at the guard's door."""

    def __init__(self, house: House, name: str, *options: str) -> None:
        self.house = house
        made = house.eventlens_json("sql-user", "create", name, *options)
        self.user, self.password = made["user"], made["password"]

    def ask(self, sql: str, **fields: str) -> httpx.Response:
        return self.post(sql, {"X-ClickHouse-User": self.user, "X-ClickHouse-Key": self.password}, **fields)

    def post(self, sql: str, headers: dict[str, str], **fields: str) -> httpx.Response:
        url = f"http://127.0.0.1:{self.house.settings.warehouse_port}/"
        return httpx.post(url, params=fields, content=sql, headers=headers, timeout=60)

    def rows(self, sql: str, **fields: str) -> list[list[str]]:
        answer = self.ask(sql, **fields)
        assert answer.status_code == 200, answer.text
        return [line.split("\t") for line in answer.text.splitlines()]


@pytest.fixture(scope="module")
def analyst(site: Site) -> Iterator[Analyst]:
    """Sees the project of `site` and not the imported one."""
    analyst = Analyst(site.house, "of_one_project", "--project", site.project)
    yield analyst
    site.house.eventlens("sql-user", "revoke", analyst.user)


def tables_of(house: House) -> list[str]:
    with house.warehouse() as warehouse:
        rows = warehouse.rows("SELECT name FROM system.tables WHERE database = 'lens' ORDER BY name")
    return [row["name"] for row in rows]


def test_every_table_and_view_of_lens_shows_only_the_rows_of_the_users_projects(
    analyst: Analyst, site: Site, imported: Site
) -> None:
    tables = tables_of(site.house)
    assert len(tables) >= 22
    seen = set()
    for table in tables:
        found = {row[0] for row in analyst.rows(f"SELECT DISTINCT project_id FROM lens.{table}")}
        assert found <= {site.project}, table
        seen |= found
        with site.house.warehouse() as warehouse:
            total = warehouse.value(f"SELECT count() FROM lens.{table} WHERE project_id = '{site.project}'")
        assert analyst.rows(f"SELECT count() FROM lens.{table}") == [[str(total)]], table
    assert seen == {site.project}
    with site.house.warehouse() as warehouse:
        others = warehouse.value(f"SELECT count() FROM lens.events WHERE project_id = '{imported.project}'")
    assert others > 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM lens.events WHERE project_id = '{other}'",
        "SELECT count() FROM lens.events AS a JOIN lens.sessions AS b ON a.project_id = b.project_id "
        "WHERE b.project_id = '{other}'",
        "WITH x AS (SELECT * FROM lens.metrics_weekly) SELECT count() FROM x WHERE project_id = '{other}'",
        "SELECT count() FROM view(SELECT * FROM lens.events) WHERE project_id = '{other}'",
        "SELECT count() FROM (SELECT 1) WHERE '{other}' IN (SELECT project_id FROM lens.events)",
        "SELECT count() FROM lens.events PREWHERE project_id = '{other}' WHERE 1 OR project_id = '{other}'",
        "SELECT countIf(project_id = '{other}') FROM (SELECT * FROM lens.events UNION ALL SELECT * FROM lens.events)",
        "SELECT uniqExactMerge(s) FROM (SELECT uniqExactState(device_id) AS s FROM lens.events "
        "WHERE project_id = '{other}')",
    ],
)
def test_no_form_of_a_question_reaches_another_projects_rows(analyst: Analyst, imported: Site, sql: str) -> None:
    answer = analyst.ask(sql.format(other=imported.project))
    assert answer.status_code == 200, answer.text
    assert answer.text in ("0\n", "")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM merge('lens', '.*')",
        "SELECT * FROM lens_raw.events",
        "SELECT * FROM lens_staging.stg_projects",
        "SELECT * FROM system.processes",
        "SELECT * FROM system.row_policies",
        "SELECT * FROM system.parts",
        "SELECT dictGet('lens.d', 'x', 1)",
        "SELECT joinGet('lens.events', 'name', 1)",
        "SELECT * FROM remote('127.0.0.1', lens.events)",
        "SELECT * FROM clusterAllReplicas('default', lens.events)",
        "SELECT getClientHTTPHeader('X-Event-Lens-Projects')",
        "CREATE TEMPORARY TABLE t (n UInt8)",
        "INSERT INTO lens.events (project_id) VALUES ('x')",
        "SELECT count() FROM lens.events SETTINGS allow_get_client_http_header = 0",
        "SELECT 1 FORMAT `TSV SETTINGS allow_get_client_http_header = 0`",
        "SELECT max(_part_offset) FROM lens.events",
        "EXPLAIN ESTIMATE SELECT * FROM lens.events",
        "EXPLAIN indexes = 1 SELECT * FROM lens.events",
    ],
)
def test_statements_that_could_bypass_the_row_policies_are_refused(analyst: Analyst, sql: str) -> None:
    answer = analyst.ask(sql)
    assert answer.status_code in (403, 404, 500, 400), answer.text
    assert "ACCESS_DENIED" in answer.text or "CONSTRAINT" in answer.text, answer.text


def test_an_answer_does_not_count_the_rows_that_were_read(analyst: Analyst) -> None:
    answer = analyst.ask("SELECT count() FROM lens.events FORMAT JSON")
    assert "x-clickhouse-summary" not in answer.headers
    assert "statistics" not in answer.json()
    assert "READONLY" in analyst.ask("SELECT 1", max_rows_to_read="1").text


def test_the_catalog_names_tables_of_lens_only(analyst: Analyst) -> None:
    assert analyst.rows("SELECT DISTINCT database FROM system.tables WHERE database LIKE 'lens%'") == [["lens"]]
    assert analyst.rows(
        "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema LIKE 'lens%'"
    ) == [["lens"]]


def test_a_header_or_a_field_of_the_users_own_names_no_other_project(analyst: Analyst, imported: Site) -> None:
    headers = {"X-ClickHouse-User": analyst.user, "X-ClickHouse-Key": analyst.password}
    answer = analyst.post(
        "SELECT count() FROM lens.events WHERE project_id != ''",
        {**headers, "X-Event-Lens-Projects": imported.project, "x-event-lens-projects": imported.project},
    )
    own = analyst.rows("SELECT count() FROM lens.events")
    assert [[answer.text.strip()]] == own
    refused = analyst.ask("SELECT 1", allow_get_client_http_header="0")
    assert "READONLY" in refused.text


def test_a_user_of_two_projects_or_of_all_sees_them(site: Site, imported: Site) -> None:
    house = site.house
    two = Analyst(house, "of_two", "--project", site.project, "--project", imported.project)
    everything = Analyst(house, "of_all", "--all-projects")
    sql = "SELECT uniqExact(project_id) FROM lens.events"
    assert two.rows(sql) == [["2"]]
    assert int(everything.rows(sql)[0][0]) >= 2
    house.eventlens("sql-user", "revoke", "of_two")
    house.eventlens("sql-user", "revoke", "of_all")


def test_a_new_password_and_a_revocation_hold_at_once(site: Site) -> None:
    user = Analyst(site.house, "for_a_while", "--project", site.project)
    assert user.rows("SELECT 1") == [["1"]]
    rotated = site.house.eventlens_json("sql-user", "rotate", user.user)
    refused = user.ask("SELECT 1")
    assert (refused.status_code, refused.headers["x-clickhouse-exception-code"]) == (403, "516")
    user.password = rotated["password"]
    assert user.rows("SELECT 1") == [["1"]]
    site.house.eventlens("sql-user", "revoke", user.user)
    assert user.ask("SELECT 1").status_code == 403
    assert user.user not in {each["user"] for each in site.house.eventlens_json("sql-user", "list")}


def test_an_analyst_with_a_password_closes_the_door_without_one(site: Site) -> None:
    def without_password() -> httpx.Response:
        url = f"http://127.0.0.1:{site.house.settings.warehouse_port}/"
        return httpx.post(url, params={"user": "analyst"}, content="SELECT 1")

    assert without_password().text == "1\n"
    named = Analyst(site.house, "analyst", "--all-projects")
    assert without_password().status_code == 403
    assert named.rows("SELECT 1") == [["1"]]
    site.house.eventlens("sql-user", "revoke", "analyst")
    assert without_password().text == "1\n"
