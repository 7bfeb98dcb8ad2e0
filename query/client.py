"""The same answers as Polars frames: from the query API, or straight from the warehouse."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import polars

from event_lens.errors import EventLensError, Refused, Unavailable

TIMEOUT_SECONDS = 60
TOO_MANY_REQUESTS = 429
PIECE_BYTES = 1 << 20

Answer = dict[str, Any]
Written = str | int | list[dict[str, Any]] | None


class Source(Protocol):
    """Where answers come from. Both calls block; they raise `Refused` and `Unavailable`."""

    def answer(self, question: str, parameters: Mapping[str, Written], body: Answer | None = None) -> Answer:
        """`{"data", "meta"}` of a question such as `pages/entry`."""

    def export(self, file: str, parameters: Mapping[str, Written], target: Path) -> None:
        """Writes a file such as `events.parquet` to `target`."""


class Api:
    """The query API at `url` (with its base path, if it has one), by the read key of one project."""

    def __init__(self, url: str, project_id: str, client_id: str, client_secret: str) -> None:
        self._url = url.rstrip("/")
        self._project = quote(project_id, safe="")
        self._headers = {"openpanel-client-id": client_id, "openpanel-client-secret": client_secret}

    def answer(self, question: str, parameters: Mapping[str, Written], body: Answer | None = None) -> Answer:
        with self._open(f"/insights/{self._project}/{question}", parameters, body) as response:
            answer: Answer = json.load(response)
            return answer

    def export(self, file: str, parameters: Mapping[str, Written], target: Path) -> None:
        with self._open(f"/export/{self._project}/{file}", parameters, None) as response, target.open("wb") as output:
            while piece := response.read(PIECE_BYTES):
                output.write(piece)

    def _open(self, path: str, parameters: Mapping[str, Written], body: Answer | None) -> Any:
        written = {name: _text(value) for name, value in parameters.items() if value is not None}
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._url}{path}?{urlencode(written)}", data, headers)  # noqa: S310 -- the caller's own URL
        try:
            return urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
        except HTTPError as error:
            raise _refusal(error) from error
        except URLError as error:
            raise Unavailable(
                f"The query API at {self._url} does not answer ({error.reason}). Start it with `eventlens query`.",
                code="query_unreachable",
            ) from error


class Client:
    """Questions about one project. Parameters have the API's names (`startDate`, `range`, `filters`, ...)."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def answer(self, question: str, /, body: Answer | None = None, **parameters: Written) -> Answer:
        """The whole answer, with its `meta`."""
        return self._source.answer(question, parameters, body)

    def frame(self, question: str, /, **parameters: Written) -> polars.DataFrame:
        """The rows of any question whose data are rows or one object, such as `metrics`, `pages` or `devices`."""
        return _frame(self._source.answer(question, parameters)["data"])

    def timeseries(self, **parameters: Written) -> polars.DataFrame:
        """One row a bucket; `date` is a date, or for hours a text with the zone's offset."""
        frame = self.frame("timeseries", **parameters)
        if parameters.get("interval") == "hour":
            return frame
        return frame.with_columns(polars.col("date").str.to_date())

    def retention(self, **parameters: Written) -> polars.DataFrame:
        """One row a cohort and period: `cohort` (date), `size`, `period_number`, `retained`, `retention_rate` (%)."""
        schema = {
            "cohort": polars.Date,
            "size": polars.Int64,
            "period_number": polars.Int64,
            "retained": polars.Int64,
            "retention_rate": polars.Float64,
        }
        rows = [
            {
                "cohort": cohort["cohort"],
                "size": cohort["size"],
                "period_number": number,
                "retained": retained,
                "retention_rate": rate,
            }
            for cohort in self._source.answer("retention", parameters)["data"]
            for number, (retained, rate) in enumerate(zip(cohort["retained"], cohort["retention_rate"], strict=True))
        ]
        frame = polars.DataFrame(rows, schema={**schema, "cohort": polars.String}, orient="row")
        return frame.with_columns(polars.col("cohort").str.to_date())

    def funnel(self, steps: list[dict[str, Any]], **written: Any) -> polars.DataFrame:
        """One row a step. `written` is the rest of the funnel's body (`window_seconds`, `by`, `order`, ...)."""
        return _frame(self.answer("funnel", {"steps": steps, **written})["data"]["steps"])

    def export(self, file: str, target: Path, **parameters: Written) -> Path:
        """Writes `events`, `sessions` or `profiles` with `.parquet`, `.csv` or `.ndjson` to `target` and returns it."""
        self._source.export(file, parameters, target)
        return target


def _frame(data: Answer | list[Answer]) -> polars.DataFrame:
    rows = data if isinstance(data, list) else [data]
    return polars.DataFrame(rows, infer_schema_length=None)


def _text(value: Written) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _refusal(error: HTTPError) -> EventLensError:
    try:
        told = json.load(error)["error"]
        code, message = str(told["code"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "query_unexpected", f"The query API answered {error.code}."
    if error.code == TOO_MANY_REQUESTS or error.code >= 500:
        return Unavailable(message, code=code, retry_after_seconds=int(error.headers.get("Retry-After") or 1))
    return Refused(message, code=code)
