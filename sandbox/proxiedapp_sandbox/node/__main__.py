"""`python -m proxiedapp_sandbox.node --config FILE.json`: run the node until SIGTERM or SIGINT, then clean up."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from pydantic import ValidationError

from proxiedapp.process.logs import configure
from proxiedapp_sandbox.node.config import NodeConfig
from proxiedapp_sandbox.node.errors import NetworkError
from proxiedapp_sandbox.node.node import run_node


async def _run(config: NodeConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_node(config, stop)


def main() -> None:
    """Read the configuration and run the node."""
    parser = argparse.ArgumentParser(prog="python -m proxiedapp_sandbox.node", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="JSON file with the node's configuration")
    file: Path = parser.parse_args().config
    try:
        config = NodeConfig.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        sys.exit(f"{file}: {error}")
    configure("info", "text")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at info it logs every probe
    try:
        asyncio.run(_run(config))
    except NetworkError as error:
        sys.exit(f"cannot run the node: {error}")


if __name__ == "__main__":
    main()
