"""The query API as a source of answers."""

import json
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import polars

from event_lens.errors import EventLensError, Refused, Unavailable
from query.client.source import Answer, Progress
from query.parameters import as_text
from query.report import AnyReport

TIMEOUT_SECONDS = 60
TRIES = 3
MAX_PAUSE_SECONDS = 10
TOO_MANY_REQUESTS = 429
PIECE_BYTES = 1 << 20


class Api:
    """The query API at `url` (with its base path, if it has one), by a read key as `ID:SECRET`."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        client_id, _, secret = key.partition(":")
        if not client_id or not secret:
            raise Refused(
                "A key is written ID:SECRET, as `eventlens client create --project P --type read` shows them.",
                code="key_invalid",
            )
        self._headers = {"openpanel-client-id": client_id, "openpanel-client-secret": secret}

    @cached_property
    def project_id(self) -> str:
        """The project that the key reads."""
        with self._open("/insights", {}, None) as response:
            return str(json.load(response)["data"]["project_id"])

    def answer(self, report: AnyReport, written: Mapping[str, Any]) -> Answer:
        """Asks again when the API cannot answer now, so often and when it says so."""
        path = f"/insights/{quote(self.project_id, safe='')}/{report.address(written)}"
        rest = {name: value for name, value in written.items() if name not in report.in_address}
        for tries in range(1, TRIES + 1):
            try:
                with self._open(path, {} if report.has_body else rest, rest if report.has_body else None) as response:
                    answer: Answer = json.load(response)
                    return answer
            except Unavailable as error:
                if tries == TRIES:
                    raise
                time.sleep(min(error.retry_after_seconds, MAX_PAUSE_SECONDS))
        raise AssertionError("unreachable")

    def export(self, file: str, written: Mapping[str, Any], target: Path, progress: Progress) -> None:
        """Writes beside `target` first, so that a file which broke off is never taken for the whole."""
        path = f"/export/{quote(self.project_id, safe='')}/{quote(file, safe='')}"
        draft = target.with_name(f"{target.name}.part")
        with self._open(path, written, None) as response, draft.open("wb") as output:
            while piece := response.read(PIECE_BYTES):
                output.write(piece)
                progress(output.tell())
        draft.replace(target)

    def sql(self, statement: str, parameters: Mapping[str, Any]) -> polars.DataFrame:
        raise Refused(
            "SQL goes to the warehouse: connect(warehouse='http://USER:PASSWORD@HOST:8123') as a user of "
            "`eventlens sql-user create`.",
            code="sql_needs_warehouse",
        )

    def _open(self, path: str, parameters: Mapping[str, Any], body: Mapping[str, Any] | None) -> Any:
        written = {name: as_text(value) for name, value in parameters.items()}
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        data = None if body is None else as_text(body).encode()
        request = Request(f"{self._url}{path}?{urlencode(written)}", data, headers)  # noqa: S310 -- the caller's own URL
        try:
            return urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
        except HTTPError as error:
            raise _refusal(error) from error
        except (URLError, OSError) as error:
            raise Unavailable(
                f"The query API at {self._url} does not answer ({getattr(error, 'reason', error)}). "
                "Start it with `eventlens up` or `eventlens query`, or look at EVENTLENS_QUERY_URL.",
                code="query_unreachable",
            ) from error


def _refusal(error: HTTPError) -> EventLensError:
    try:
        told = json.load(error)["error"]
        code, message = str(told["code"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "query_unexpected", f"The query API answered {error.code}."
    if error.code == TOO_MANY_REQUESTS or error.code >= 500:
        return Unavailable(message, code=code, retry_after_seconds=int(error.headers.get("Retry-After") or 1))
    return Refused(message, code=code)
