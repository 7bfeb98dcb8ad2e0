"""The routes under `/insights/{projectId}`, one for each question."""

from typing import Annotated, Any

from litestar import Router, get, post
from litestar.di import Provide
from litestar.params import Parameter

from query.ask import Ask, Subject, Written, read_ask
from query.event_names import event_names
from query.funnels import WrittenFunnel, funnel_steps, read_funnel
from query.ingest import ingest
from query.live import live
from query.origins import PLACES, origins
from query.pages import edge_pages, pages
from query.periods import INTERVALS, read_interval
from query.refusals import choose
from query.retention import read_returning, retention
from query.routes.parameters import provide_ask, provide_ledger_ask, provide_subject
from query.service import Service
from query.trends import metrics, timeseries

Answer = dict[str, Any]

Interval = Annotated[str, Parameter(query="interval", description=f"One of {', '.join(INTERVALS)}.")]


@get("/metrics", sync_to_thread=True)
def answer_metrics(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(metrics(ask), metrics(ask.before()) if ask.is_compared else None)


@get("/timeseries", sync_to_thread=True)
def answer_timeseries(ask: Ask, service: Service, interval: Interval = "day") -> Answer:
    chosen = read_interval(interval)
    previous = timeseries(ask.before(), chosen) if ask.is_compared else None
    return service.answers.answer(timeseries(ask, chosen), previous)


@get("/pages", sync_to_thread=True)
def answer_pages(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(pages(ask))


@get("/pages/entry", sync_to_thread=True)
def answer_entry_pages(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(edge_pages(ask, "entry"))


@get("/pages/exit", sync_to_thread=True)
def answer_exit_pages(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(edge_pages(ask, "exit"))


@get("/referrers", sync_to_thread=True)
def answer_referrers(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(origins(ask, "referrers"))


@get("/utm", sync_to_thread=True)
def answer_utm(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(origins(ask, "utm"))


@get("/devices", sync_to_thread=True)
def answer_devices(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(origins(ask, "devices"))


@get("/browsers", sync_to_thread=True)
def answer_browsers(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(origins(ask, "browsers"))


@get("/os", sync_to_thread=True)
def answer_os(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(origins(ask, "os"))


@get("/geo", sync_to_thread=True)
def answer_geo(
    ask: Ask, service: Service, by: Annotated[str, Parameter(description=f"One of {', '.join(PLACES)}.")] = "country"
) -> Answer:
    return service.answers.answer(origins(ask, choose("by", by, PLACES)))


@get("/events", sync_to_thread=True)
def answer_events(ask: Ask, service: Service) -> Answer:
    return service.answers.answer(event_names(ask))


@get("/live", sync_to_thread=True)
def answer_live(subject: Subject, service: Service) -> Answer:
    return service.answers.answer(live(subject, service.clock()))


@get("/retention", sync_to_thread=True)
def answer_retention(
    ask: Ask,
    service: Service,
    period: str = "week",
    periods: int | None = None,
    mode: str = "first",
    criteria: str = "on",
    by: str = "profile",
    start_event: Annotated[str | None, Parameter(query="startEvent")] = None,
    return_event: Annotated[str | None, Parameter(query="returnEvent")] = None,
) -> Answer:
    returning = read_returning(period, periods, mode, criteria, by, start_event, return_event)
    return service.answers.answer(retention(ask, returning))


@get("/ingest", sync_to_thread=True, dependencies={"ask": Provide(provide_ledger_ask, sync_to_thread=False)})
def answer_ingest(ask: Ask, service: Service, interval: Interval = "day") -> Answer:
    return service.answers.answer(ingest(ask, read_interval(interval)))


@post("/funnel", sync_to_thread=True, status_code=200)
def answer_funnel(data: WrittenFunnel, subject: Subject, service: Service) -> Answer:
    funnel = read_funnel(data)
    ask = read_ask(subject, Written(data.start_date, data.end_date, data.range), service.clock())
    return service.answers.answer(funnel_steps(ask, funnel))


insights = Router(
    "/insights/{project_id:str}",
    route_handlers=[
        answer_metrics,
        answer_timeseries,
        answer_pages,
        answer_entry_pages,
        answer_exit_pages,
        answer_referrers,
        answer_utm,
        answer_devices,
        answer_browsers,
        answer_os,
        answer_geo,
        answer_events,
        answer_live,
        answer_retention,
        answer_ingest,
        answer_funnel,
    ],
    dependencies={
        "subject": Provide(provide_subject, sync_to_thread=True),
        "ask": Provide(provide_ask, sync_to_thread=False),
    },
)
