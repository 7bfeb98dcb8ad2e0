"""The client: each question is a method that returns a Polars frame, over HTTP or directly from the warehouse.

from query.client import connect

lens = connect(url="http://127.0.0.1:3003", key="read_...:sec_...")
weeks = lens.timeseries(range="12w", interval="week")
"""

from query.client.connection import connect
from query.client.frame import Frame
from query.client.lens import Lens

__all__ = ["Frame", "Lens", "connect"]
