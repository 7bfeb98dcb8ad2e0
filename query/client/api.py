"""The query API as a source of answers."""

import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, TypeVar
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
NOT_OURS = "query_unexpected"
OF_SOMETHING_ELSE = (NOT_OURS, "route_unknown")  # these mean a wrong address, since each report has a route
T = TypeVar("T")


class Api:
    """The query API at `url` (with its base path, if it has one), asked with a read key `ID:SECRET`.

    With `project`, a key of another project is refused, so that its numbers are not mistaken for those of `project`.
    """

    def __init__(self, url: str, key: str, project: str | None = None) -> None:
        self._url, self._project = url.strip().rstrip("/"), project
        if not self._url.startswith(("http://", "https://")):
            raise Refused(
                f"{url!r} is not the address of a query API: it begins with http:// or https://.",
                code="connection_invalid",
            )
        client_id, _, secret = key.strip().partition(":")
        if not client_id or not secret or not key.isascii() or not key.strip().isprintable():
            raise Refused(
                "A key is written ID:SECRET, as `eventlens client create --project P --type read` shows them.",
                code="key_invalid",
            )
        self._headers = {"openpanel-client-id": client_id, "openpanel-client-secret": secret}
        self._has_answered = False

    @cached_property
    def project_id(self) -> str:
        """Return the id of the key's project; the API is asked for it only once. Raises `Refused`
        (`project_forbidden`).
        """
        found = str(self._retried(lambda: self._answer("/insights", {}, None))["data"]["project_id"])
        if self._project and self._project != found:
            raise Refused(
                f"The key reads the project {found} and not {self._project}: take a read key of that project.",
                code="project_forbidden",
            )
        return found

    def answer(self, report: AnyReport, written: Mapping[str, Any]) -> Answer:
        path = f"/insights/{quote(self.project_id, safe='')}/{report.address(written)}"
        rest = {name: value for name, value in written.items() if name not in report.in_address}
        if report.has_body:
            return self._retried(lambda: self._answer(path, {}, rest))
        return self._retried(lambda: self._answer(path, rest, None))

    def export(self, file: str, written: Mapping[str, Any], target: Path, progress: Progress) -> None:
        """Write the file to `target`. Until it is complete, the download is stored next to `target` with the suffix
        `.part`, so that a broken download is not mistaken for the whole file.
        """
        path = f"/export/{quote(self.project_id, safe='')}/{quote(file, safe='')}"
        draft = target.with_name(f"{target.name}.part")

        def fetch() -> None:
            with self._open(path, written, None) as response, draft.open("wb") as output:
                while piece := self._read(response, PIECE_BYTES):
                    output.write(piece)
                    progress(output.tell())

        self._retried(fetch)
        draft.replace(target)

    def sql(self, statement: str, parameters: Mapping[str, Any]) -> polars.DataFrame:
        raise Refused(
            "SQL goes to the warehouse: connect(warehouse='http://USER:PASSWORD@HOST:8123') as a user of "
            "`eventlens sql-user create`.",
            code="sql_needs_warehouse",
        )

    def _retried(self, ask: Callable[[], T]) -> T:
        """Call `ask`, and repeat it a few times while the API cannot answer, each time after the pause that the API
        asks for.

        An API that has never answered fails at once: its address may be wrong.
        """
        for _ in range(1, TRIES):
            try:
                return ask()
            except Unavailable as error:
                if not self._has_answered:
                    raise
                time.sleep(min(error.retry_after_seconds, MAX_PAUSE_SECONDS))
        return ask()

    def _answer(self, path: str, parameters: Mapping[str, Any], body: Mapping[str, Any] | None) -> Answer:
        with self._open(path, parameters, body) as response:
            text = self._read(response)
        try:
            answer: Answer = json.loads(text)
        except ValueError:
            answer = {}
        if not isinstance(answer, dict) or "data" not in answer:
            raise self._unexpected()
        return answer

    def _unexpected(self) -> Refused:
        return Refused(
            f"What answers at {self._url} is not a query API. Look at the address, or at EVENTLENS_QUERY_URL.",
            code=NOT_OURS,
        )

    def _read(self, response: HTTPResponse, size: int | None = None) -> bytes:
        broken = Unavailable(f"The answer of {self._url} broke off; ask again.", code="query_unreachable")
        try:
            piece = response.read(size)
        except (HTTPException, OSError) as error:
            raise broken from error
        # Read piece by piece, Python does not say that bytes are missing.
        if not piece and response.length:
            raise broken
        return piece

    def _open(self, path: str, parameters: Mapping[str, Any], body: Mapping[str, Any] | None) -> Any:
        written = {name: as_text(value) for name, value in parameters.items()}
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        data = None if body is None else as_text(body).encode()
        request = Request(f"{self._url}{path}?{urlencode(written)}", data, headers)  # noqa: S310 -- the caller's own URL
        try:
            response = urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
        except HTTPError as error:
            self._has_answered = True
            refusal = _refusal(error)
            if isinstance(refusal, Refused) and refusal.code in OF_SOMETHING_ELSE:
                raise self._unexpected() from error
            raise refusal from error
        except (HTTPException, URLError, OSError) as error:
            raise Unavailable(
                f"The query API at {self._url} does not answer ({getattr(error, 'reason', error)}). "
                "Start it with `eventlens up` or `eventlens query`, or look at EVENTLENS_QUERY_URL.",
                code="query_unreachable",
            ) from error
        self._has_answered = True
        return response


def _refusal(error: HTTPError) -> EventLensError:
    try:
        told = json.load(error)["error"]
        code, message = str(told["code"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        code, message = NOT_OURS, f"The query API answered {error.code}."
    if error.code == TOO_MANY_REQUESTS or error.code >= 500:
        pause = error.headers.get("Retry-After") or ""
        return Unavailable(message, code=code, retry_after_seconds=int(pause) if pause.isdecimal() else 1)
    return Refused(message, code=code)
