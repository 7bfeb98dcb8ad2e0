"""Every case of the spec, by a name that is unique."""

from tests.spec.cases import counting, people, sessions
from tests.spec.cases.case import Case

CASES: dict[str, Case] = {**sessions.CASES, **people.CASES, **counting.CASES}
