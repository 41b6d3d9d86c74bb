"""A notebook of marimo, served as an app."""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    return (mo,)


@app.cell
def _(mo):
    get_count, set_count = mo.state(0)
    return get_count, set_count


@app.cell
def _(mo, set_count):
    mo.ui.button(label="Count", on_change=lambda _: set_count(lambda count: count + 1))


@app.cell
def _(get_count, mo):
    mo.md(f"clicks: {get_count()}")


if __name__ == "__main__":
    app.run()
