"""The facts about a request that are known before its events are read."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from collector.enrichment.ip_networks import Networks
from event_lens.registry.setting_values import EVERY_PARAMETER
from event_lens.registry.tables import ACCEPT_BY_SENDER, Project
from event_lens.warehouse.retention import Kept

NO_NETWORKS = Networks()


class ProjectSettings(msgspec.Struct, frozen=True):
    """The settings of a project that the collector follows.

    `domains` are the project's own domains; `hostnames` are the hosts whose pages count, all hosts when empty. With
    `hash_routes` a path in the hash distinguishes pages; with `fold_trailing_slash` a slash at the end does not.
    `bot_rules` are in the form that `collector.enrichment.bot_rules` reads. `kept_parameters` are the kept query
    parameters, in lower case; None keeps all. `accept_days` and `quotas` are as in the registry.
    """

    project_id: str
    session_timeout_seconds: int = 1800
    device_salt: str = "daily"
    allow_unsafe_revenue: bool = False
    own_addresses: Networks = NO_NETWORKS
    domains: tuple[str, ...] = ()
    hostnames: tuple[str, ...] = ()
    honour_gpc: bool = False
    honour_dnt: bool = False
    hash_routes: bool = False
    fold_trailing_slash: bool = False
    kept_parameters: frozenset[str] | None = None
    bot_rules: tuple[str, ...] = ()
    accept_days: int = ACCEPT_BY_SENDER
    quotas: tuple[str, ...] = ()
    raw_kept_days: int = 0
    events_kept_days: int = 0
    profiles_kept_days: int = 0

    def kept(self, usual_raw_days: int) -> Kept:
        """Return the number of days for which rows are kept. If the project sets no number for raw rows, it is
        `usual_raw_days`.
        """
        return Kept(self.raw_kept_days or usual_raw_days, self.events_kept_days, self.profiles_kept_days)


def project_settings(project: Project) -> ProjectSettings:
    """Return the settings of a project that the collector follows."""
    names = project.query_allow_list
    followed: dict[str, Any] = {
        name: tuple(value) if isinstance(value := getattr(project, name), list) else value
        for name in ProjectSettings.__struct_fields__
        if hasattr(project, name)
    }
    followed["own_addresses"] = Networks(project.own_addresses)
    followed["kept_parameters"] = None if EVERY_PARAMETER in names else frozenset(name.lower() for name in names)
    return ProjectSettings(**followed)


class RequestContext(msgspec.Struct, frozen=True):
    """An authenticated request. `address` is the client's address from trusted sources: used, and never stored.
    `has_client_address` is False when `address` belongs to a server that sends for its users. `salts` maps each salt's
    first valid day to the salt, never empty. `origin` is the header of that name. `privacy_signal` says that the sender
    asks not to be tracked and the project honours that. `bot_signals` is the result of
    `collector.enrichment.bot_signals`; empty for a verified secret, and for imports, which have no headers of their
    own.
    """

    project: ProjectSettings
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
    privacy_signal: bool = False
    bot_signals: str = ""
    import_id: str = ""
    first_day_taken: date = date(1970, 1, 1)
    """Events of earlier UTC days belong to closed days."""
