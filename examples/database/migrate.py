"""Bring the database to the newest schema. It runs in an init container, so no pod serves an old schema."""

import os
import sqlite3
from contextlib import closing

MIGRATIONS = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
    "ALTER TABLE notes ADD COLUMN created TEXT",
)

with closing(sqlite3.connect(os.environ["DATABASE"])) as database:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    for number, statement in enumerate(MIGRATIONS[version:], start=version + 1):
        database.execute(statement)
        database.execute(f"PRAGMA user_version = {number}")
    database.commit()
