"""The questions as methods, written from the list of reports by `python -m docs.generate`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from query.client.frame import Frame

Filters = Sequence[Mapping[str, Any]]
"""`[{"name": ..., "operator": ..., "value": [...]}]`"""


class Questions:
    """One method per report; each returns the rows of the answer as a frame."""

    def _ask(self, name: str, **written: Any) -> Frame:
        raise NotImplementedError

    def metrics(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        compare: str | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """The metrics of a period."""
        return self._ask(
            "metrics",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            compare=compare,
            freshness=freshness,
        )

    def timeseries(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        compare: str | None = None,
        freshness: str | None = None,
        interval: str = "day",
        breakdown: str | None = None,
        limit: int | None = None,
    ) -> Frame:
        """The metrics of every bucket."""
        return self._ask(
            "timeseries",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            compare=compare,
            freshness=freshness,
            interval=interval,
            breakdown=breakdown,
            limit=limit,
        )

    def breakdown(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
        by: str = "country",
        compare: str | None = None,
    ) -> Frame:
        """The metrics by up to three dimensions."""
        return self._ask(
            "breakdown",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
            by=by,
            compare=compare,
        )

    def pages(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Pages by views."""
        return self._ask(
            "pages",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def pages_entry(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Pages on which visits began."""
        return self._ask(
            "pages/entry",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def pages_exit(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Pages on which visits ended."""
        return self._ask(
            "pages/exit",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def referrers(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Visits by the site they came from."""
        return self._ask(
            "referrers",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def utm(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Visits by campaign."""
        return self._ask(
            "utm",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def devices(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Visits by kind of device."""
        return self._ask(
            "devices",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def browsers(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Visits by browser."""
        return self._ask(
            "browsers",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def os(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Visits by operating system."""
        return self._ask(
            "os",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def geo(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
        by: str = "country",
    ) -> Frame:
        """Visits by place."""
        return self._ask(
            "geo",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
            by=by,
        )

    def events(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """What happened: events by name."""
        return self._ask(
            "events",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def properties(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """The properties of events, by key."""
        return self._ask(
            "properties",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
        )

    def live(self) -> Frame:
        """Who is here now."""
        return self._ask("live")

    def retention(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        period: str = "week",
        periods: int | None = None,
        mode: str = "first",
        criteria: str = "on",
        by: str = "profile",
        start_event: str | None = None,
        return_event: str | None = None,
    ) -> Frame:
        """Cohorts, and how many of each come back."""
        return self._ask(
            "retention",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            period=period,
            periods=periods,
            mode=mode,
            criteria=criteria,
            by=by,
            start_event=start_event,
            return_event=return_event,
        )

    def ingest(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        interval: str = "day",
    ) -> Frame:
        """The ledger: events received, accepted, duplicate, a bot's and rejected."""
        return self._ask("ingest", start_date=start_date, end_date=end_date, range=range, interval=interval)

    def lateness(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
    ) -> Frame:
        """How late events came, and which days builds recounted because of them."""
        return self._ask("lateness", start_date=start_date, end_date=end_date, range=range, filters=filters)

    def revenue(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Revenue by currency."""
        return self._ask(
            "revenue", start_date=start_date, end_date=end_date, range=range, filters=filters, freshness=freshness
        )

    def attribution(
        self,
        goal: str,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        limit: int | None = None,
        model: str | None = None,
        by: str = "channel",
    ) -> Frame:
        """Conversions of a goal, credited to their sources."""
        return self._ask(
            "attribution",
            goal=goal,
            start_date=start_date,
            end_date=end_date,
            range=range,
            limit=limit,
            model=model,
            by=by,
        )

    def paths(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
        start_path: str | None = None,
        end_path: str | None = None,
        include: str | None = None,
        exclude: str | None = None,
        max_steps: int = 5,
    ) -> Frame:
        """Sequences of pages, and how often each was taken."""
        return self._ask(
            "paths",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
            start_path=start_path,
            end_path=end_path,
            include=include,
            exclude=exclude,
            max_steps=max_steps,
        )

    def sankey(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        limit: int | None = None,
        max_steps: int = 5,
    ) -> Frame:
        """Moves from page to page by step of the visit."""
        return self._ask(
            "sankey", start_date=start_date, end_date=end_date, range=range, limit=limit, max_steps=max_steps
        )

    def cohorts(self, *, as_of: str | date | None = None, limit: int | None = None) -> Frame:
        """The project's cohorts and their sizes."""
        return self._ask("cohorts", as_of=as_of, limit=limit)

    def cohort_members(
        self, cohort: str, *, as_of: str | date | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Frame:
        """The members of a cohort."""
        return self._ask("cohorts/{cohort}/members", cohort=cohort, as_of=as_of, limit=limit, cursor=cursor)

    def cohort_behaviour(
        self,
        cohort: str,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        versus: str | None = None,
        metric: str = "active_users",
        interval: str = "day",
        as_of: str | date | None = None,
    ) -> Frame:
        """The activity of a cohort's members over time."""
        return self._ask(
            "cohorts/{cohort}/behaviour",
            cohort=cohort,
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            versus=versus,
            metric=metric,
            interval=interval,
            as_of=as_of,
        )

    def goals(self, *, limit: int | None = None) -> Frame:
        """The project's defined goals."""
        return self._ask("goals", limit=limit)

    def funnels(self, *, limit: int | None = None) -> Frame:
        """The project's defined funnels."""
        return self._ask("funnels", limit=limit)

    def defined_funnel(
        self,
        funnel: str,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        limit: int | None = None,
    ) -> Frame:
        """The steps of a defined funnel."""
        return self._ask(
            "funnels/{funnel}", funnel=funnel, start_date=start_date, end_date=end_date, range=range, limit=limit
        )

    def retentions(self, *, limit: int | None = None) -> Frame:
        """The project's defined retentions."""
        return self._ask("retentions", limit=limit)

    def defined_retention(
        self,
        retention: str,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        period: str = "week",
        periods: int | None = None,
        mode: str = "first",
        criteria: str = "on",
    ) -> Frame:
        """The cohorts of a defined retention."""
        return self._ask(
            "retentions/{retention}",
            retention=retention,
            start_date=start_date,
            end_date=end_date,
            range=range,
            period=period,
            periods=periods,
            mode=mode,
            criteria=criteria,
        )

    def sessions(
        self,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        freshness: str | None = None,
        cursor: str | None = None,
    ) -> Frame:
        """Single sessions, the newest first."""
        return self._ask(
            "sessions",
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            freshness=freshness,
            cursor=cursor,
        )

    def session(
        self, session: str, *, limit: int | None = None, cursor: str | None = None, freshness: str | None = None
    ) -> Frame:
        """One session and its events."""
        return self._ask("sessions/{session}", session=session, limit=limit, cursor=cursor, freshness=freshness)

    def profiles(
        self,
        *,
        search: str | None = None,
        sort: str = "last_seen_at",
        order: str = "desc",
        limit: int | None = None,
        cursor: str | None = None,
        filters: Filters | str | None = None,
    ) -> Frame:
        """Profiles: searched, filtered and sorted."""
        return self._ask("profiles", search=search, sort=sort, order=order, limit=limit, cursor=cursor, filters=filters)

    def profile(self, profile: str) -> Frame:
        """One profile, its groups, cohorts and devices."""
        return self._ask("profiles/{profile}", profile=profile)

    def profile_timeline(
        self,
        profile: str,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        filters: Filters | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Frame:
        """The events of a profile."""
        return self._ask(
            "profiles/{profile}/timeline",
            profile=profile,
            start_date=start_date,
            end_date=end_date,
            range=range,
            filters=filters,
            limit=limit,
            cursor=cursor,
        )

    def groups(
        self,
        *,
        search: str | None = None,
        sort: str = "last_seen_at",
        order: str = "desc",
        limit: int | None = None,
        cursor: str | None = None,
        type: str | None = None,
    ) -> Frame:
        """Groups: searched and sorted."""
        return self._ask("groups", search=search, sort=sort, order=order, limit=limit, cursor=cursor, type=type)

    def group(self, group: str) -> Frame:
        """One group."""
        return self._ask("groups/{group}", group=group)

    def funnel(
        self,
        steps: Sequence[Mapping[str, Any]],
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        window_seconds: int | None = 86400,
        order: str = "ordered",
        filters: Filters | str | None = None,
        freshness: str | None = None,
        by: str = "device",
        breakdown: str | None = None,
        limit: int | None = None,
    ) -> Frame:
        """How many reach each step of a funnel."""
        return self._ask(
            "funnel",
            steps=steps,
            start_date=start_date,
            end_date=end_date,
            range=range,
            window_seconds=window_seconds,
            order=order,
            filters=filters,
            freshness=freshness,
            by=by,
            breakdown=breakdown,
            limit=limit,
        )

    def funnel_dropped(
        self,
        steps: Sequence[Mapping[str, Any]],
        step: int,
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        window_seconds: int | None = 86400,
        order: str = "ordered",
        filters: Filters | str | None = None,
        freshness: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Frame:
        """The profiles that reach a step of a funnel and not the next step."""
        return self._ask(
            "funnel/dropped",
            steps=steps,
            step=step,
            start_date=start_date,
            end_date=end_date,
            range=range,
            window_seconds=window_seconds,
            order=order,
            filters=filters,
            freshness=freshness,
            limit=limit,
            cursor=cursor,
        )

    def query(
        self,
        metrics: Sequence[str],
        *,
        start_date: str | date | None = None,
        end_date: str | date | None = None,
        range: str | None = None,
        dimensions: Sequence[str] | None = None,
        filters: Filters | str | None = None,
        interval: str | None = None,
        order: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        freshness: str | None = None,
    ) -> Frame:
        """Metrics by dimensions, filters and period."""
        return self._ask(
            "query",
            metrics=metrics,
            start_date=start_date,
            end_date=end_date,
            range=range,
            dimensions=dimensions,
            filters=filters,
            interval=interval,
            order=order,
            limit=limit,
            cursor=cursor,
            freshness=freshness,
        )
