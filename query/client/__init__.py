"""The client: every question as a method that gives a Polars frame, over HTTP or straight from the warehouse.

from query.client import connect

lens = connect(url="http://127.0.0.1:3003", key="read_...:sec_...")
weeks = lens.timeseries(range="12w", interval="week")
"""

from query.client.connection import connect
from query.client.frame import Frame
from query.client.lens import Lens

__all__ = ["Frame", "Lens", "connect"]
