"""What a request says before its question is asked: whose key it is."""

from typing import Any

from litestar import Request

from query.auth import read_subject
from query.report_context import Subject
from query.service import Service


def provide_subject(request: Request[Any, Any, Any], service: Service, project_id: str) -> Subject:
    """The project that the request's key may read."""
    return read_subject(service.registry, project_id, request.headers)
