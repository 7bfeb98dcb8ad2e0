"""Workers of one registry count for quotas together, through it."""

import asyncio

import pytest

from collector.auth.quota_sharing import QuotaSharing
from collector.auth.quotas import DAY_MS, ProjectQuotas, QuotaUsedUp
from collector.enrichment.context import ProjectSettings
from event_lens.registry.database import Registry

FEW = ProjectSettings("a", quotas=("events_a_day=100",))


def noon() -> int:
    return DAY_MS * 20_000 + DAY_MS // 2


def test_the_use_of_other_workers_counts_after_an_exchange_and_after_a_start(registry: Registry) -> None:
    first, second, later = (ProjectQuotas(noon) for _ in range(3))

    async def exchange() -> None:
        for quotas in (first, second):
            await QuotaSharing(quotas, registry, noon).exchange()
        started = QuotaSharing(later, registry, noon)
        await started.start()
        await started.stop()

    first.take(FEW, 60, 1)
    second.take(FEW, 30, 1)
    asyncio.run(exchange())
    for quotas in (second, later):
        quotas.take(FEW, 10, 1)
        with pytest.raises(QuotaUsedUp):
            quotas.take(FEW, 1, 1)
