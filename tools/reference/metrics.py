"""docs/reference/metrics.md: what Prometheus can ask."""

from collections.abc import Iterator

from prometheus_client import Counter, Gauge, Histogram

from proxiedapp.controller import metrics as module
from tools.reference.markdown import code, table

_PAGE = """\
# Metrics

Made from the code by `make generate`. The operator answers at `/metrics` on its health port, beside `/healthz` and
`/readyz`. Labels are closed lists: kinds, verbs and outcomes, never names of objects, so that the number of series does
not grow with the number of apps. Beside these stand those of Python and of the process.

{metrics}
"""


def metrics() -> str:
    """Return docs/reference/metrics.md."""
    return _PAGE.format(metrics=table(["metric", "type", "labels", "counts"], _rows()))


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for metric in vars(module).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = ", ".join(map(code, metric._labelnames))  # noqa: SLF001 - the library tells them nowhere else
            yield code(name), family.type, labels or "none", family.documentation
