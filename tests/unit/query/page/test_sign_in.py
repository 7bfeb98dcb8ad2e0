"""Who signs in, and who has to wait."""

import asyncio
from pathlib import Path

import pytest

from event_lens.errors import Refused, Unavailable, status_of
from event_lens.failure_limit import FailureLimit
from event_lens.registry.clients import create_client
from event_lens.registry.database import Registry
from event_lens.registry.projects import create_project
from query.keys import Keys
from query.page.sign_in import SignIn
from query.page.sign_in_tokens import create_token

HERE, THERE = "203.0.113.1", "203.0.113.2"
MAX_FAILURES = 3


@pytest.fixture
def sign_in(tmp_path: Path, registry: Registry) -> SignIn:
    return SignIn(
        tmp_path, registry, Keys(registry, MAX_FAILURES), FailureLimit(MAX_FAILURES, lambda: 0.0), lambda: 1000
    )


def test_an_address_that_guesses_must_wait_even_with_a_right_token_and_no_other_address_waits(sign_in: SignIn) -> None:
    async def guess() -> None:
        for number in range(MAX_FAILURES):
            with pytest.raises(Refused) as refused:
                await sign_in.by_token(f"guess{number}", HERE)
            assert status_of(refused.value) == 401
        token = create_token(sign_in.home, None, 1000)
        with pytest.raises(Unavailable) as put_off:
            await sign_in.by_token(token, HERE)
        assert (status_of(put_off.value), put_off.value.retry_after_seconds) == (429, 60)
        cookie, session = await sign_in.by_token(token, THERE)
        assert await sign_in.find(cookie) == session

    asyncio.run(guess())


def test_a_wrong_key_of_the_form_counts_as_any_wrong_key(sign_in: SignIn, registry: Registry) -> None:
    project = create_project(registry, "Shop")
    client, secret = create_client(registry, project.project_id, "read")

    async def guess() -> None:
        for _ in range(MAX_FAILURES):
            with pytest.raises(Refused):
                await sign_in.by_key(client.client_id, "wrong", HERE)
        with pytest.raises(Unavailable):
            await sign_in.by_key(client.client_id, secret, HERE)
        cookie, _ = await sign_in.by_key(client.client_id, secret, THERE)
        assert (await sign_in.find(cookie)).project_id == project.project_id

    asyncio.run(guess())
