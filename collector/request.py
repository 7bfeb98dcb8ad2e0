"""What is known of a request before its events are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class ProjectRules:
    """The settings of a project that the collector follows."""

    project_id: str
    device_salt: str = "daily"
    allow_unsafe_revenue: bool = False


@dataclass(frozen=True)
class Request:
    """An authenticated request. `address` is the client's as far as it is believed: used, and never stored.

    `has_client_address` is False when `address` is only the server's that speaks for its users. `salts` maps the first
    day each salt counts for to it, and holds at least one. `origin` is the header of that name.
    """

    project: ProjectRules
    received_at_ms: int
    salts: Mapping[date, str]
    first_day: date
    address: str = ""
    has_client_address: bool = True
    user_agent: str = ""
    is_verified: bool = False
    client_id: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    origin: str = ""
    accept_language: str = ""
    import_id: str = ""
