"""An app of Flask with a form, a redirect and a style sheet, mounted in a FastAPI app."""

from a2wsgi import WSGIMiddleware
from fastapi import FastAPI
from flask import Flask, redirect, render_template_string, request, url_for

PAGE = """<!doctype html>
<title>Flask</title>
<link rel="stylesheet" href="{{ url_for('static', filename='style.css') }}">
<link rel="icon" href="data:,">
<h1>Flask</h1>
<p>clicks: {{ clicks }}</p>
<form method="post" action="{{ url_for('count') }}">
  <input type="hidden" name="clicks" value="{{ clicks }}"><button>Count</button>
</form>
"""

flask_app = Flask(__name__)


@flask_app.get("/")
def index() -> str:
    return render_template_string(PAGE, clicks=request.args.get("clicks", 0))


@flask_app.post("/count")
def count():  # noqa: ANN201 - a response of Flask or of Werkzeug
    return redirect(url_for("index", clicks=int(request.form["clicks"]) + 1, _external=True))


app = FastAPI()
app.mount("/flask", WSGIMiddleware(flask_app))
