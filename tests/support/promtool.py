"""promtool, Prometheus' own checks of rules and queries, and its input files."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.goprograms import WITHOUT_COLLECTOR, go_program

Rule = dict[str, Any]


class Promtool:
    """promtool, run in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, *arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [go_program("promtool"), *arguments]
        return subprocess.run(
            command,
            cwd=self._folder,
            env=os.environ | WITHOUT_COLLECTOR,
            input=given,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def __call__(self, *arguments: str | Path, given: str = "") -> str:
        """Run promtool, which must succeed, and return its output."""
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, f"promtool {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}"
        return done.stdout

    def format(self, query: str) -> str:
        """Return a query as Prometheus formats it; it must be valid."""
        return self("--experimental", "promql", "format", query)

    def evaluate(
        self, series: Sequence[Mapping[str, str]], expected: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> None:
        """Assert the expected samples of each query after ten minutes of series with one sample a minute."""
        tests = [{"expr": query, "eval_time": "10m", "exp_samples": found} for query, found in expected.items()]
        test = {"interval": "1m", "input_series": list(series), "promql_expr_test": tests}
        file = self._folder / "queries.yaml"
        file.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))
        self("test", "rules", file)


def series_of(text: str, target: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a target's metrics as input series, with the target's labels; counters rise by 1 a minute."""
    found = []
    for family in text_string_to_metric_families(text):
        rise = 0 if family.type == "gauge" else 1
        for sample in family.samples:
            labels = ",".join(f"{key}={json.dumps(value)}" for key, value in {**sample.labels, **target}.items())
            found.append({"series": f"{sample.name}{{{labels}}}", "values": f"{sample.value}+{rise}x10"})
    return found
