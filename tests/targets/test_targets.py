"""dbt against a server and against a cluster: every statement of a whole build, as the engine's parser sees it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.random_history import random_project
from tests.targets.cluster_proxy import CLUSTER, Front, cluster_front

TARGETS = ("server", "cluster")
NO_TESTS = ("--exclude-resource-type", "test")


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Front]]:
    """What was said while a server built everything and a cluster everything anew, and some days again."""
    server = EmbeddedServer(tmp_path_factory.mktemp("home"))
    project = random_project("targets", 1, steps=10)
    fronts: dict[str, Front] = {}
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.wait()
        with Warehouse(server.url) as warehouse:
            land_settings(warehouse, [project])
            touched = land(warehouse, rows_of([project]), [])
        for target in TARGETS:
            fronts[target] = stack.enter_context(cluster_front(server.url))
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DBT_TARGET", target)
                patch.setenv("EVENTLENS_DBT_CLUSTER", CLUSTER)
                build = Build(fronts[target].url, tmp_path_factory.mktemp(target))
                # The columns of a table that tests read are the same on both targets.
                build.everything(*(NO_TESTS if target == "server" else ()))
                if target == "cluster":
                    build.run(*NO_TESTS, values=touched.as_vars())
        yield fronts


@pytest.mark.parametrize("target", TARGETS)
def test_the_parser_takes_every_statement_of_a_build(fronts: dict[str, Front], target: str) -> None:
    assert not fronts[target].refused
    assert len(fronts[target].defining()) > 30


def test_on_a_server_no_statement_mentions_a_cluster(fronts: dict[str, Front]) -> None:
    said = [text for text in fronts["server"].statements if re.search("on cluster|Replicated.*MergeTree", text, re.I)]
    assert not said


def test_on_a_cluster_everything_is_made_and_removed_everywhere(fronts: dict[str, Front]) -> None:
    here_only = [text for text in fronts["cluster"].defining() if f'ON CLUSTER "{CLUSTER}"' not in text]
    assert not here_only


def test_on_a_cluster_every_table_replicates(fronts: dict[str, Front]) -> None:
    engines = {name for text in fronts["cluster"].defining() for name in re.findall(r"(?i)engine\s*=\s*(\w+)", text)}
    assert engines == {"ReplicatedMergeTree"}


def test_on_a_cluster_rows_are_on_every_replica_before_they_take_the_place_of_others(fronts: dict[str, Front]) -> None:
    statements = fronts["cluster"].statements
    waited: set[str] = set()
    taken = 0
    for text in statements:
        if "system sync replica" in text:
            waited.add(re.findall(r"`\S+`", text)[0])
        for source in {
            *re.findall(r"(?i)^exchange tables (\S+)", text),
            *re.findall(r"(?i)partition '\S+' from (\S+?),?\s", text),
        }:
            assert source in waited, text
            taken += 1
    assert taken > 30


def test_a_build_on_a_cluster_makes_rows(fronts: dict[str, Front]) -> None:
    with Warehouse(fronts["cluster"].url) as warehouse:
        assert warehouse.value("SELECT count() FROM lens.sessions") > 10


def test_the_front_reports_a_statement_that_no_parser_takes(fronts: dict[str, Front]) -> None:
    front = fronts["server"]
    heard = len(front.refused)
    with Warehouse(front.url) as warehouse, pytest.raises(Exception, match="Syntax"):
        warehouse.command("ALTER TABLE lens.events ON CLUSTER REPLACE PARTITION")
    assert len(front.refused) == heard + 1
    front.refused.pop()
