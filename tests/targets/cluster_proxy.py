"""A front that stands for a cluster: statements pass its parser as they are, and run on the one engine behind it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from event_lens.warehouse.client import Warehouse
from tests.proxy import fronted

CLUSTER = "the-front"
# Parts of a statement that a single engine cannot run, and the parts that it runs instead.
ALONE = (
    (r'ON CLUSTER\s+"the-front"', ""),
    (r"\bReplicated(\w*MergeTree)", r"\1"),
    (r"(?<!non_)replicated_deduplication_window = ", "non_replicated_deduplication_window = "),
    (r"system\.clusters", "(select 'the-front' as cluster, 1 as shard_num)"),
    (r'clusterAllReplicas\("the-front", system\.tables\)', "(select *, 1 as _shard_num from system.tables)"),
    (r"(?s)\A\s*(/\*.*?\*/)?\s*system sync replica.*", "select 1"),
)
DEFINING = re.compile(r"(create|alter|drop|exchange|rename|truncate)\b", re.IGNORECASE)


@dataclass
class Front:
    """What came through: every statement, without the rows behind it, and those that the parser refused."""

    url: str = ""
    statements: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def defining(self) -> list[str]:
        """The statements that make, change or remove something."""
        return [text for text in self.statements if DEFINING.match(text)]


@contextmanager
def cluster_front(url: str) -> Iterator[Front]:
    """A front before the warehouse at `url` while the block lasts."""
    front = Front()
    parsing = Lock()

    def hear(sent: str) -> str:
        text = re.sub(r"\A\s*(/\*.*?\*/\s*)?", "", re.sub(r"(?is)(\bformat\s+CSV\b).*", r"\1", sent), flags=re.DOTALL)
        front.statements.append(text)
        with parsing:
            if not _is_taken(parser, text):
                front.refused.append(text)
        return alone(sent)

    with Warehouse(url) as parser, fronted(url, hear) as front.url:
        yield front


def alone(sent: str) -> str:
    """What the engine is to do where a cluster would do `sent`."""
    for pattern, instead in ALONE:
        sent = re.sub(pattern, instead, sent, flags=re.IGNORECASE)
    return sent


def _is_taken(parser: Warehouse, text: str) -> bool:
    """Whether the engine's parser takes `text` as it is."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return bool(parser.value(f"SELECT isNotNull(formatQueryOrNull('{quoted}'))"))
