"""Where an address is, from a city or country database in MaxMind's format."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError
from geoip2.models import City
from maxminddb import InvalidDatabaseError

from event_lens.errors import Refused

REMEMBERED_ADDRESSES = 4096


class Place(NamedTuple):
    """`country` is the ISO 3166 code; `region` and `city` are English names. Each is empty when unknown."""

    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None


NOWHERE = Place()


class Geo:
    """Answers from one database file. Addresses are remembered in memory only."""

    def __init__(self, path: Path) -> None:
        """Raises `Refused` (`geoip_unreadable`) for a file that is no city or country database."""
        try:
            self._reader = Reader(path)
        except (OSError, InvalidDatabaseError) as error:
            raise Refused(f"EVENTLENS_GEOIP_DB: {path} cannot be read: {error}.", code="geoip_unreadable") from error
        kind = self._reader.metadata().database_type
        if not any(word in kind for word in ("City", "Country", "Enterprise")):
            self._reader.close()
            raise Refused(
                f"EVENTLENS_GEOIP_DB: {path} is a {kind} database; name a city or country one.", code="geoip_unreadable"
            )
        self._has_cities = "Country" not in kind
        self.place = lru_cache(maxsize=REMEMBERED_ADDRESSES)(self._place)

    def _place(self, address: str) -> Place:
        """The place of an IPv4 or IPv6 address; all empty for one that is unknown, private or malformed."""
        try:
            found = self._reader.city(address) if self._has_cities else self._reader.country(address)
        except (AddressNotFoundError, ValueError):
            return NOWHERE
        country = found.country.iso_code or ""
        if not isinstance(found, City):
            return Place(country)
        regions = found.subdivisions
        return Place(
            country=country,
            region=(regions[0].names.get("en", "") or regions[0].iso_code or "") if regions else "",
            city=found.city.names.get("en", ""),
            latitude=found.location.latitude,
            longitude=found.location.longitude,
        )

    def close(self) -> None:
        self._reader.close()


def open_geo(path: Path | None) -> Geo | None:
    """The database of the setting EVENTLENS_GEOIP_DB, if it is set."""
    return Geo(path) if path else None
