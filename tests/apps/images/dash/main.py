"""A page of Dash, served by a WSGI server."""

from dash import Dash, Input, Output, callback, html

app = Dash(__name__)
server = app.server
app.layout = html.Div([html.Button("Count", id="count"), html.P(id="clicks")])


@callback(Output("clicks", "children"), Input("count", "n_clicks"))
def show(clicks: int | None) -> str:
    return f"clicks: {clicks or 0}"
