"""Every case of the spec, by a name that is unique."""

from tests.spec.cases import attribution, cohorts, counting, flows, funnels, handovers, people, returns, sessions
from tests.spec.cases.case import Case

CASES: dict[str, Case] = {
    **sessions.CASES,
    **handovers.CASES,
    **people.CASES,
    **counting.CASES,
    **funnels.CASES,
    **returns.CASES,
    **flows.CASES,
    **cohorts.CASES,
    **attribution.CASES,
}
