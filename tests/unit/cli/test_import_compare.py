"""Why the numbers of another tool differ."""

from datetime import date

import pytest

from cli.import_compare import Day, reasons
from collector.imports.old_numbers import OldDay

DAY = date(2026, 8, 12)
HERE = Day(
    DAY, visitors=100, sessions=120, views=300, bounces=60, bot_visitors=40, bot_views=90, utc_visitors=110,
    utc_bot_visitors=45, over_midnight=6, engaged_bounces=24,
)  # fmt: skip


BOTS = "bots count there (40 visitors, 90 views)"


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (OldDay(DAY, 100, 120, 300, 50.0), []),
        (OldDay(DAY, 139), ["visitors: bots count there (40 visitors, 90 views)"]),
        (OldDay(DAY, 110), ["visitors: days are UTC's there, not Asia/Seoul's"]),
        (OldDay(DAY, 155), [f"visitors: {BOTS}, and days are UTC's there, not Asia/Seoul's"]),
        (OldDay(DAY, views=390), ["views: bots count there (40 visitors, 90 views)"]),
        (OldDay(DAY, sessions=126), ["sessions: sessions end at midnight there (6 went on)"]),
        (OldDay(DAY, bounce_rate=30.0), ["bounces: a visit with other events is not a bounce there (24)"]),
        (OldDay(DAY, 50), ["visitors: not known"]),
    ],
)  # fmt: skip
def test_a_reason_is_named_when_its_number_is_near_the_difference(there: OldDay, expected: list[str]) -> None:
    assert list(reasons(there, HERE, "Asia/Seoul")) == expected
