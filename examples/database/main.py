"""Notes in a SQLite file whose path comes from the environment."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI(title="Notes")


def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(os.environ["DATABASE"], check_same_thread=False)) as connection:
        yield connection


Database = Annotated[sqlite3.Connection, Depends(database)]


@app.get("/healthz")
def healthz(database: Database) -> dict[str, int]:
    """Answer only if the database can be read, so that a pod without one receives no requests."""
    return {"schema": database.execute("PRAGMA user_version").fetchone()[0]}


@app.get("/notes/")
def list_notes(database: Database) -> list[str]:
    return [text for (text,) in database.execute("SELECT text FROM notes ORDER BY id")]


@app.post("/notes/", status_code=201)
def add_note(text: str, database: Database) -> dict[str, int | None]:
    note = database.execute("INSERT INTO notes (text, created) VALUES (?, datetime('now'))", (text,)).lastrowid
    database.commit()
    return {"id": note}
