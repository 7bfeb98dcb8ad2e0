"""Places, answer by answer, against MaxMind's test databases."""

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest

from collector.geo import NOWHERE, Geo, Place, open_geo
from event_lens.errors import Refused

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "maxmind-test"
needs_databases = pytest.mark.skipif(not FOLDER.is_dir(), reason="MaxMind's test databases are not in ../shared/data")


def expected(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Networks and the database's own answers; of each network the first address is asked."""
    entries = json.loads((FOLDER / f"{name}.expected.json").read_text())
    return [(str(ipaddress.ip_network(network)[0]), answer) for network, answer in entries]


@needs_databases
def test_every_answer_of_the_city_database_is_given() -> None:
    geo = Geo(FOLDER / "GeoIP2-City-Test.mmdb")
    answers = expected("GeoIP2-City-Test")
    assert len(answers) > 100
    for address, answer in answers:
        regions = answer.get("subdivisions", [])
        location = answer.get("location", {})
        assert geo.place(address) == Place(
            country=answer.get("country", {}).get("iso_code", ""),
            region=regions[0]["names"]["en"] if regions else "",
            city=answer.get("city", {}).get("names", {}).get("en", ""),
            latitude=location.get("latitude"),
            longitude=location.get("longitude"),
        ), address
    geo.close()


@needs_databases
def test_every_answer_of_the_country_database_is_given() -> None:
    geo = Geo(FOLDER / "GeoIP2-Country-Test.mmdb")
    for address, answer in expected("GeoIP2-Country-Test"):
        assert geo.place(address) == Place(answer.get("country", {}).get("iso_code", "")), address
    geo.close()


@needs_databases
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "::1", "", "not an address", "1.2.3.4.5", "81.2.69.160/32"]
)
def test_an_address_nobody_knows_is_nowhere(address: str) -> None:
    geo = Geo(FOLDER / "GeoIP2-City-Test.mmdb")
    assert geo.place(address) == NOWHERE
    geo.close()


@needs_databases
def test_a_database_of_something_else_is_refused() -> None:
    with pytest.raises(Refused, match="city or country"):
        Geo(FOLDER / "GeoLite2-ASN-Test.mmdb")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.mmdb").write_bytes(b"no database")
    for path in (tmp_path / "x.mmdb", tmp_path / "missing.mmdb"):
        with pytest.raises(Refused, match="EVENTLENS_GEOIP_DB"):
            open_geo(path)


def test_without_the_setting_there_are_no_places() -> None:
    assert open_geo(None) is None
