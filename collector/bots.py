"""Crawlers, by the published list of `crawler-user-agents`."""

import re
from functools import lru_cache

from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler

EMPTY = "empty_user_agent"
PATTERNS = tuple(str(crawler["pattern"]) for crawler in CRAWLER_USER_AGENTS_DATA)


@lru_cache(maxsize=8192)
def bot_reason(user_agent: str) -> str:
    """`empty_user_agent`, `crawler:<pattern of the list>`, or empty for what may be a person."""
    if not user_agent.strip():
        return EMPTY
    if not is_crawler(user_agent):
        return ""
    # The list is long: its own chunks say whether, and only a crawler is worth asking which.
    return next(f"crawler:{pattern}" for pattern in PATTERNS if re.search(pattern, user_agent))
