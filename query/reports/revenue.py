"""What was earned? Revenue by currency; amounts of different currencies are never added up."""

from query.conditions import event_rows
from query.parameters import FilteredParameters, Freshness
from query.question import Data, Question
from query.report import Report, over_period
from query.report_context import ReportContext
from query.shapes import Money, Shape
from query.statement import Bindings, Row

# An amount without a currency is in the project's currency; codes are compared without case.
SQL = """
SELECT
    if(currency = '', {project_currency}, upper(currency)) AS code,
    sum(revenue) AS summed,
    sumIf(revenue, revenue > 0) AS earned,
    sumIf(revenue, revenue < 0) AS refunded,
    countIf(revenue > 0) AS sales,
    countIf(revenue < 0) AS refunds,
    uniqExactIf(profile_id, profile_id != '' AND revenue > 0) AS buyers
FROM lens.events
WHERE {rows} AND revenue != 0
GROUP BY code
ORDER BY sales DESC, code
"""

WITHOUT_CURRENCY = (
    "The project has no currency: `total_revenue` of other questions is that of amounts without a currency alone."
)


def revenue(ask: ReportContext) -> Question:
    """Ask for `{currency, revenue, earned, refunded, sales, refunds, people}`; the currency with the most sales comes
    first.

    `revenue` is `earned` plus `refunded`, which is negative. `people` is the number of people who bought.
    """
    bindings = Bindings()
    currency = ask.subject.currency
    sql = SQL.format(project_currency=bindings.bind(currency, "String"), rows=event_rows(ask, bindings))
    note = f"`total_revenue` of other questions is that of {currency} alone, as here." if currency else WITHOUT_CURRENCY
    return Question("events", bindings.statement(sql), _shape, ask.subject.zone.key, notes=(note,))


def _shape(rows: list[Row]) -> Data:
    return [
        {
            "currency": row["code"],
            "revenue": float(row["summed"]),
            "earned": float(row["earned"]),
            "refunded": float(row["refunded"]),
            "sales": row["sales"],
            "refunds": row["refunds"],
            "people": row["buyers"],
        }
        for row in rows
    ]


class RevenueParameters(FilteredParameters, kw_only=True):
    """The period and the filters, and whether unbuilt events count."""

    freshness: Freshness = None


class CurrencyRevenue(Shape):
    """The revenue and refunds in a currency; amounts without a currency count in the project's currency. `people` is
    the number of buyers.
    """

    currency: str
    revenue: Money
    earned: Money
    refunded: Money
    sales: int
    refunds: int
    people: int


REVENUE = Report("revenue", "Revenue by currency.", RevenueParameters, over_period(revenue), list[CurrencyRevenue])
