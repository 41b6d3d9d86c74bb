"""Start the app whose FastAPI(root_path=) contains the prefix, with no root path for the server."""

import uvicorn

uvicorn.run("main:root_path_in_code", host="0.0.0.0", port=8000)
