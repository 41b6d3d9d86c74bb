"""Writes uploads beside its code."""

from pathlib import Path

from fastapi import FastAPI

app = FastAPI(title="Legacy")


@app.put("/uploads/{name}")
def upload(name: str) -> int:
    folder = Path(__file__).with_name("uploads")
    folder.mkdir(exist_ok=True)
    return (folder / name).write_text("a photo")
