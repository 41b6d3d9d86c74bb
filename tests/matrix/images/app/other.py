"""Start the app with the root path from the variable that the operator sets."""

import os

import uvicorn

uvicorn.run("main:app", host="0.0.0.0", port=8000, root_path=os.environ["PROXIEDAPP_ROOT_PATH"])
