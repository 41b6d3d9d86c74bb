"""An app that is told its prefix in code and nowhere else, started by its own code."""

import uvicorn

uvicorn.run("main:told", host="0.0.0.0", port=8000)
