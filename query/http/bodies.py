"""The body of a request, whose client can disconnect before its end."""

from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException

from query.presence import ClientGoneError


async def body_of(request: Request[Any, Any, Any]) -> bytes:
    """Return the whole body. Raises `ClientGoneError` when the client disconnects before its end."""
    try:
        return await request.body()
    except InternalServerException as error:
        # The framework raises it for nothing else here.
        raise ClientGoneError from error
