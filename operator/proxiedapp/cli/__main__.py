"""`python -m proxiedapp.cli` is `proxiedapp`, for an interpreter without the script on its PATH."""

from proxiedapp.cli.program import app

if __name__ == "__main__":
    app(prog_name="proxiedapp")
