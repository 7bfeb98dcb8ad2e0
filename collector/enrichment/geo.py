"""The place of an address, from a country or city database in MaxMind's format."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb
from geoip2.models import City

from event_lens.contract.limits import MAX_WORD_LENGTH
from event_lens.errors import Refused
from event_lens.logs import get_log
from event_lens.settings import Settings

log = get_log("geo")

REMEMBERED_ADDRESSES = 4096
PROBED_NETWORKS = 100
INSTALLED = Path("geo", "country.mmdb")  # in the home; `eventlens geo install` puts it there


class Place(NamedTuple):
    """`country` is the ISO 3166 code; `region` and `city` are English names. Each is empty when unknown."""

    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None


NOWHERE = Place()


class Geo:
    """Looks addresses up in one database file, as it was when it was opened. Addresses are cached in memory only.

    Two layouts of a database are understood: MaxMind's and DB-IP's own, and a flat one with `country_code` at the top.
    """

    def __init__(self, path: Path) -> None:
        """Open the database. Raises `Refused` (`geoip_unreadable`) for a file that is not a city or country
        database.
        """
        try:
            self._reader = maxminddb.open_database(path)
            is_place = any(_place_of(record).country for _, record in islice(self._reader, PROBED_NETWORKS))
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise _unreadable(path, f"cannot be read: {error}") from error
        metadata = self._reader.metadata()
        if not is_place:
            self._reader.close()
            raise _unreadable(path, f"is a {metadata.database_type or 'nameless'} database without countries")
        self.built_at = metadata.build_epoch
        self._is_damage_told = False
        self.place = lru_cache(maxsize=REMEMBERED_ADDRESSES)(self._place)

    def _place(self, address: str) -> Place:
        """Return the place of an IPv4 or IPv6 address; all fields are empty for an address that is unknown, private,
        reserved or malformed.
        """
        asked = _public_address(address)
        if asked is None:
            return NOWHERE
        try:
            record = self._reader.get(asked)
        except maxminddb.InvalidDatabaseError:
            self._tell_damage()
            return NOWHERE
        except ValueError:  # an IPv6 address, and the database knows none
            return NOWHERE
        return _place_of(record)

    def _tell_damage(self) -> None:
        if not self._is_damage_told:
            self._is_damage_told = True
            log.error("geoip_damaged", remedy="install the database again and restart the collector")

    def close(self) -> None:
        self._reader.close()


def open_geo(settings: Settings) -> Geo | None:
    """Return the database of EVENTLENS_GEOIP_DB, else the installed database; None without either. Raises
    `Refused` (`geoip_unreadable`).
    """
    installed = settings.home / INSTALLED
    path = settings.geoip_db or (installed if installed.exists() else None)
    return Geo(path) if path else None


def _public_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address to look up, None if it is not public; an IPv4-mapped IPv6 address is looked up as IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        tunnel = address.teredo
        address = address.ipv4_mapped or address.sixtofour or (tunnel[1] if tunnel else address)
    return address if address.is_global and not address.is_multicast else None


def _place_of(record: object) -> Place:
    if not isinstance(record, dict):
        return NOWHERE
    is_flat = isinstance(record.get("country_code", record.get("country")), str)
    return _flat_place(record) if is_flat else _nested_place(record)


def _nested_place(record: dict[str, Any]) -> Place:
    found = City(["en"], **record)
    regions = found.subdivisions
    return Place(
        country=found.country.iso_code or "",
        region=_word((regions[0].names.get("en") or regions[0].iso_code) if regions else ""),
        city=_word(found.city.names.get("en")),
        latitude=found.location.latitude,
        longitude=found.location.longitude,
    )


def _flat_place(record: dict[str, Any]) -> Place:
    latitude, longitude = record.get("latitude"), record.get("longitude")
    return Place(
        country=_word(record.get("country_code") or record.get("country")),
        region=_word(record.get("state1") or record.get("region")),
        city=_word(record.get("city")),
        latitude=float(latitude) if isinstance(latitude, int | float) else None,
        longitude=float(longitude) if isinstance(longitude, int | float) else None,
    )


def _word(value: object) -> str:
    return value[:MAX_WORD_LENGTH] if isinstance(value, str) else ""


def _unreadable(path: Path, what: str) -> Refused:
    return Refused(
        f"The place database {path} {what}. Name a country or city database in MaxMind's format in "
        "EVENTLENS_GEOIP_DB, or unset it and run `eventlens geo install`.",
        code="geoip_unreadable",
    )
