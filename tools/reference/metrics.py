"""docs/reference/metrics.md: the operator's metrics."""

from collections.abc import Iterator

from prometheus_client import Counter, Gauge, Histogram

from proxiedapp.controller import metrics as module
from tools.reference.markdown import code, table

_PAGE = """\
# Metrics

Generated from the code by `make generate`. The operator serves `/metrics` on its health port, next to `/healthz` and
`/readyz`. Labels have a fixed set of values (kinds, verbs, outcomes) and never names of objects, so the number of
series does not grow with the number of apps. The usual metrics of Python and of the process are served as well.

{metrics}
"""


def metrics() -> str:
    """Return the text of docs/reference/metrics.md."""
    return _PAGE.format(metrics=table(["metric", "type", "labels", "meaning"], _rows()))


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for metric in vars(module).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = ", ".join(map(code, metric._labelnames))  # noqa: SLF001 - prometheus_client has no public attribute for them
            yield code(name), family.type, labels or "none", family.documentation
