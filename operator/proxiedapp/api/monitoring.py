"""How Prometheus collects the app's metrics."""

import re
from datetime import timedelta
from typing import ClassVar, Final

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import Duration, Port
from proxiedapp.api.labels import Labels
from proxiedapp.api.network import SERVICE_PORT
from proxiedapp.api.paths import MetricsPath

_INTERVAL: Final = "30s"
_UNITS: Final = {"h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}


class Monitoring(ApiModel):
    """Settings of a ServiceMonitor for the app's metrics. The cluster must run the Prometheus operator."""

    rules: ClassVar = (
        CELRule(
            "!has(self.scrapeTimeout)"
            f" || duration(self.scrapeTimeout) <= duration(has(self.interval) ? self.interval : '{_INTERVAL}')",
            "scrapeTimeout must not be longer than interval",
            lambda spec: spec.scrape_timeout is None or _length(spec.scrape_timeout) <= _length(spec.interval),
        ),
        CELRule(
            f"!has(self.port) || self.port != {SERVICE_PORT}",
            f"port {SERVICE_PORT} of the Service already leads to spec.port; serve the metrics on another one",
            lambda spec: spec.port != SERVICE_PORT,
        ),
    )

    path: MetricsPath = "/metrics"
    """Path of the metrics as the app declares it, without the path prefix: Prometheus reaches the pods directly. Add a
    trailing slash if the metrics are a mounted app, because a redirect to the slash would contain the prefix."""
    port: Port | None = None
    """Port on which the app serves its metrics, if it is not spec.port. The proxy does not serve this port, so the
    metrics are not public. Default: spec.port, where clients of the proxy can read them, too."""
    interval: Duration = _INTERVAL
    """Time between two collections, such as 30s or 1m."""
    scrape_timeout: Duration | None = None
    """Time after which a collection fails, at most interval, such as 10s. Default: set by Prometheus."""
    labels: Labels | None = None
    """Labels for the ServiceMonitor only, by which Prometheus selects it, such as release: prometheus."""


def _length(text: str) -> timedelta:
    return timedelta(**{_UNITS[unit]: int(number) for number, unit in re.findall(r"(\d+)(ms|[hms])", text)})
