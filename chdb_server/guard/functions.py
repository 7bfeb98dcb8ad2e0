"""Finds the server's functions that only compute, which means: they read no file, secret or other table, and open no
connection.
"""

import re
from collections.abc import Sequence

_REFUSED_CATEGORIES = frozenset(
    {"AI", "Dictionary", "Embedded Dictionary", "Internal", "Introspection", "Machine Learning"}
)
# `arrayReduce` and similar functions run a function that is named in a text argument.
_REFUSED = re.compile(
    r"arrayreduce.*|initializeaggregation|structureto.*|file|filesystem.*|joinget.*|dict.*|region.*|ai.*|get(macro|server.*|clienthttpheader|ostype.*|oskernel.*)|getoskernelversion"
    r"|serveruuid|showcertificate|hascolumnintable|currentrequesturl|zookeeper.*|transaction.*|tcpport|evalmlmethod"
    # No time limit stops these functions: each processes whole lists, shapes or samples in one step.
    r"|arraysimilarity|arraylevenshtein.*|polygons.*|kolmogorovsmirnovtest|mannwhitneyutest"
    r"|catboost.*|naivebayes.*|assigncentroid|sleep.*|fuzz.*|addressto.*|demangle|logtrace|tid|buildid"
)
# Functions that the parser writes although the engine does not list them.
_SYNTAX = frozenset({"lambda", "_cast", "exists", "some", "all", "interval", "columns", "apply"})
_COMBINATORS = re.compile(
    r"(if|array|map|distinct|ornull|ordefault|simplestate|state|merge|foreach|resample|argmin|argmax)$"
)


class Functions:
    """The harmless functions among `listed`, the server's own list (`Parser.functions`)."""

    def __init__(self, listed: Sequence[tuple[str, bool, str, str, str]]) -> None:
        self._scalars: set[str] = set()
        self._aggregates: set[str] = set()
        bad = {name for name, _, alias, kind, origin in listed if origin != "System" or kind in _REFUSED_CATEGORIES}
        for name, is_aggregate, alias, _, _ in listed:
            if {name, alias} & bad or _REFUSED.fullmatch(name) or _REFUSED.fullmatch(alias):
                continue
            (self._aggregates if is_aggregate else self._scalars).add(name)

    def is_harmless(self, name: str) -> bool:
        """Return whether the function `name`, in any case and with any aggregate combinators, only computes."""
        name = name.lower()
        if name in self._scalars or name in self._aggregates or name in _SYNTAX:
            return True
        while found := _COMBINATORS.search(name):
            name = name[: found.start()]
            if name in self._aggregates:
                return True
        return False
