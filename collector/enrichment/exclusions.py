"""Events that a project excludes: counted with the reason, answered like accepted events, and not kept."""

from collector.auth.credentials import Headers
from collector.enrichment.context import ProjectSettings, RequestContext
from event_lens.contract.rejection import Rejection


class LeftOut(Rejection):
    """An event or operation that is excluded by its project's settings. `kept` is JSON with the parts that may be
    stored.
    """

    def __init__(self, message: str, *, code: str, kept: dict[str, str] | None = None) -> None:
        super().__init__(message, code=code)
        self.kept = kept or {}


def is_privacy_signal(project: ProjectSettings, headers: Headers) -> bool:
    """Return whether the sender asks not to be tracked, by a signal that the project honours."""
    return (project.honour_gpc and headers.get(b"sec-gpc") == b"1") or (
        project.honour_dnt and headers.get(b"dnt") == b"1"
    )


def left_out(request: RequestContext, address: str = "") -> LeftOut | None:
    """Return the reason to exclude all events of a request; None when there is no reason. `address` is the address that
    the event itself names. The address of a server that sends for its users is not compared.
    """
    if request.privacy_signal:
        return LeftOut("The sender asks not to be tracked (GPC or DNT).", code="privacy_signal")
    if not request.is_verified or not address:
        address = request.address if request.has_client_address else ""
    if address and request.project.own_addresses.hold(address):
        return LeftOut("The address is one of the project's own.", code="own_address")
    return None


def check_hostname(hostname: str, hostnames: tuple[str, ...]) -> None:
    """Raise `LeftOut` for a page whose host is not among `hostnames`. An event without a host does not belong to a
    page, and passes.
    """
    if not hostname or any(_is_on(hostname, rule) for rule in hostnames):
        return
    raise LeftOut(
        "The page's host is none of the project's hostnames.", code="foreign_hostname", kept={"hostname": hostname}
    )


def _is_on(hostname: str, rule: str) -> bool:
    return hostname.endswith(rule[1:]) if rule.startswith("*.") else hostname == rule
