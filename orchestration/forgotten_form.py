"""Removes the values typed into a job's form from Dagster's own database: they can hold the id of an erased person."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._serdes import serialize_value


def forget_form(instance: dg.DagsterInstance, run_id: str) -> None:
    """Empty the form of a run, even of a running one, and leave no copy of it in the database's free pages."""
    run, storage = instance.get_run_by_id(run_id), instance.run_storage
    if run is None or not isinstance(storage, SqlRunStorage):
        return
    body = serialize_value(run._replace(run_config={}))
    with storage.connect() as connection:
        connection.execute(RunsTable.update().where(RunsTable.c.run_id == run_id).values(run_body=body))
        if connection.dialect.name == "postgresql":
            # The old values stay in the table's file until the file is rewritten.
            connection.exec_driver_sql("VACUUM FULL runs")
    database = Path(instance.root_directory) / "history" / "runs.db"
    if database.exists():
        with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as plain:
            plain.execute("VACUUM")
            plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
