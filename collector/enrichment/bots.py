"""Judges user agents: whether an agent is a program and of which kind, or else the device that it names."""

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from collector.enrichment.user_agent import Agent, is_in_app, parse_user_agent
from event_lens.contract.limits import MAX_USER_AGENT_LENGTH, MAX_WORD_LENGTH

DATA = Path(__file__).parent / "data"
TABLES = ("agents_added.csv", "crawlers.csv")  # the first list that knows an agent wins
EMPTY = "empty_user_agent"
APPLICATION = "application"
"""HTTP clients of applications: their events are people's, and a page that it gets in a log was not looked at."""

BOT, SERVER = "bot", "server"
PREVIEW = "preview"
# Programs name themselves as bots; CUBOT makes telephones.
_NAMED = re.compile(r"(?<!cu)bots?(?=[/\s;:,)(_-]|$)|crawler|spider(?!man)|scraper|fetcher/", re.IGNORECASE)
# Agents that claim to be compatible with browsers and name no system; Internet Explorer did so, too.
_CLAIMED = re.compile(r"\(compatible; (?!MSIE|Konqueror)([^;:/)]+)")
_FIRST_WORD = re.compile(r"[^\s/;(]+")
_PLAIN = re.compile(r"(?:[^\\.^$*+?{}\[\]|()]|\\[^A-Za-z0-9])+")


class Verdict(NamedTuple):
    """A verdict: `reason` is empty for a person, and `agent.device` is `bot` exactly when `reason` is not empty.

    The reason of a program is `empty_user_agent`, or a kind with its evidence: `crawler:`, `feed:`, `preview:` and
    `library:` with the list's pattern, `named:` with the word by which it calls itself a bot, `program:` with its name.
    """

    agent: Agent
    reason: str


class _Rule(NamedTuple):
    kind: str
    pattern: str
    word: str
    test: re.Pattern[str] | None

    @property
    def reason(self) -> str:
        return f"{self.kind}:{self.pattern}"


def judge(user_agent: str, *, is_log: bool = False) -> Verdict:
    """Return the verdict on an agent. An agent that was not judged recently takes under a millisecond, a hostile text
    up to 2 ms; recent verdicts are cached.

    `is_log`: the agent requested a page from a web server, so an agent that names no browser is a program. At the
    collector, an application may send events under a name of its own.
    """
    return _judge(user_agent[:MAX_USER_AGENT_LENGTH], is_log)


def bot_reason(user_agent: str, *, is_log: bool = False) -> str:
    """Return why `user_agent` belongs to a program; empty for an agent that may be a person's."""
    return judge(user_agent, is_log=is_log).reason


@lru_cache(maxsize=8192)
def _judge(user_agent: str, is_log: bool) -> Verdict:
    agent = parse_user_agent(user_agent)
    reason = _reason(user_agent, agent, is_log)[:MAX_WORD_LENGTH]
    return Verdict(agent._replace(device=BOT) if reason else agent, reason)


def _reason(user_agent: str, agent: Agent, is_log: bool) -> str:
    if not user_agent.strip():
        return EMPTY
    rule = _rule(user_agent)
    if rule is not None and rule.kind == PREVIEW and is_in_app(user_agent):
        return ""  # a messenger fetches previews under the name that its browser for people has, too
    if rule is not None and rule.kind != APPLICATION:
        return rule.reason
    named = _NAMED.search(user_agent)
    if named or agent.device == BOT:
        return f"named:{(named[0] if named else agent.browser).lower()}"
    if agent.device == "" and (claimed := _CLAIMED.search(user_agent)):
        return f"named:{claimed[1].strip().lower()}"
    if is_log and rule is not None:
        return f"library:{rule.pattern}"
    if is_log and agent.device == SERVER:
        first = _FIRST_WORD.search(user_agent)
        return f"program:{agent.browser or (first[0] if first else '')}"
    return ""


def _rule(user_agent: str) -> _Rule | None:
    """Return the rule that matches an agent, or None. A rule for an application is returned only if no other rule
    matches.
    """
    found = None
    for rule in _rules():
        # Nearly all patterns are plain words, and searching for words is several times faster.
        if rule.word in user_agent if rule.test is None else rule.test.search(user_agent):
            if rule.kind != APPLICATION:
                return rule
            found = found or rule
    return found


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    """Return all rules; in each list plain words come before other patterns."""
    rules: list[_Rule] = []
    applications: set[str] = set()
    for name in TABLES:
        own = [rule for rule in _read(DATA / name) if rule.pattern not in applications]
        applications |= {rule.pattern for rule in own if rule.kind == APPLICATION}
        rules += sorted(own, key=lambda rule: rule.test is not None)
    return tuple(rules)


def _read(path: Path) -> Iterator[_Rule]:
    with path.open(encoding="utf-8", newline="") as file:
        file.readline()  # the source of the list
        for row in csv.DictReader(file):
            pattern = row["pattern"]
            if _PLAIN.fullmatch(pattern):
                yield _Rule(row["kind"], pattern, re.sub(r"\\(.)", r"\1", pattern), None)
            else:
                yield _Rule(row["kind"], pattern, "", re.compile(pattern))
