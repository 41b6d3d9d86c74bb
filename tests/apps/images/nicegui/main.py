"""A page of NiceGUI in a FastAPI app."""

from fastapi import FastAPI
from nicegui import ui

app = FastAPI()


@ui.page("/")
def index() -> None:
    clicks = {"count": 0}
    label = ui.label("clicks: 0")

    def count() -> None:
        clicks["count"] += 1
        label.set_text(f"clicks: {clicks['count']}")

    ui.button("Count", on_click=count)


ui.run_with(app)
