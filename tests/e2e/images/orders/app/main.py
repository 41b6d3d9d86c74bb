"""Keeps orders in a SQLite file, which is beside the code unless DATABASE_URL names another one."""

import os
import sqlite3
from contextlib import closing
from typing import Any

from fastapi import FastAPI

FILE = os.environ.get("DATABASE_URL", "sqlite:///app/orders.sqlite").removeprefix("sqlite:///")

app = FastAPI(title="Orders")


def run(statement: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(FILE)) as database, database:
        database.execute("create table if not exists orders (what text)")
        return database.execute(statement, values).fetchall()


@app.post("/orders")
def order(what: str) -> None:
    run("insert into orders values (?)", what)


@app.get("/latest")
def latest() -> dict[str, str | None]:
    found = run("select what from orders order by rowid desc limit 1")
    return {"order": found[0][0] if found else None}


if os.environ.get("OPEN_AT_START"):
    run("select 1")
