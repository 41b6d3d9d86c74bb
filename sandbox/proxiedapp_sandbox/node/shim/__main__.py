"""`python -I -S …/shim/__main__.py REPORT PARENT [INSIDE]`; the arguments are those of `keeper.main`."""

import os
import sys

# -I keeps the current folder and PYTHONPATH out of sys.path, and -S site-packages: one folder to search is left.
sys.path.insert(0, os.path.abspath(__file__).removesuffix("proxiedapp_sandbox/node/shim/__main__.py"))  # noqa: PTH100

from proxiedapp_sandbox.node.shim.keeper import main

if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)  # noqa: PLR2004
