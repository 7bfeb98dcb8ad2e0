"""A project's own rules for bots: `agent:`, `address:`, `path:`, `sign:`, in addition to the lists that all projects
share.
"""

from collections.abc import Iterable
from functools import lru_cache

from collector.enrichment.bot_signals import PREFIX
from collector.enrichment.ip_networks import Networks

RULE = "rule:"
AGENT, ADDRESS, PATH, SIGN = "agent:", "address:", "path:", "sign:"


def own_rule(rules: Iterable[str], *, user_agent: str = "", address: str = "", path: str = "", reason: str = "") -> str:
    """Return `rule:` and the first of `rules` that fits an event; empty when no rule fits. `reason` may name bot
    signals.

    Thousands of networks cost as much as one, unless the address is in one of them.
    """
    rules = tuple(rules)
    address = address if address and _networks(rules).hold(address) else ""
    return next((RULE + rule for rule in rules if _fits(rule, user_agent, address, path, reason)), "")


def path_rules(rules: Iterable[str]) -> tuple[str, ...]:
    """Return the rules that need an event to be judged (`path:`), in their order."""
    return tuple(rule for rule in rules if rule.startswith(PATH))


@lru_cache(maxsize=64)
def _networks(rules: tuple[str, ...]) -> Networks:
    return Networks(rule.removeprefix(ADDRESS) for rule in rules if rule.startswith(ADDRESS))


def _fits(rule: str, user_agent: str, address: str, path: str, reason: str) -> bool:
    if rule.startswith(ADDRESS):
        return bool(address) and _networks((rule,)).hold(address)
    if rule.startswith(AGENT):
        return is_like(user_agent, rule.removeprefix(AGENT))
    if rule.startswith(PATH):
        return is_like(path, rule.removeprefix(PATH))
    signs = reason.removeprefix(PREFIX).split(",") if reason.startswith(PREFIX) else ()
    return rule.removeprefix(SIGN) in signs


def is_like(text: str, pattern: str) -> bool:
    """Return whether `text` matches `pattern`. A `*` at the start or the end of `pattern` matches any text."""
    bare = pattern.strip("*")
    if pattern.startswith("*") and pattern.endswith("*"):
        return bare in text
    if pattern.endswith("*"):
        return text.startswith(bare)
    return text.endswith(bare) if pattern.startswith("*") else text == pattern
