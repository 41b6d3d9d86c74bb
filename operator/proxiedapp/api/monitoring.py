"""How a Prometheus reads the app's metrics."""

import re
from datetime import timedelta
from typing import ClassVar, Final

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import Duration, MetricsPath
from proxiedapp.api.labels import Labels

_INTERVAL: Final = "30s"
_UNITS: Final = {"h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}


class Monitoring(ApiModel):
    """A ServiceMonitor for the app's metrics, where the cluster serves that API (Prometheus operator)."""

    rules: ClassVar = (
        CELRule(
            "!has(self.scrapeTimeout)"
            f" || duration(self.scrapeTimeout) <= duration(has(self.interval) ? self.interval : '{_INTERVAL}')",
            "scrapeTimeout must not be longer than interval",
            lambda asked: asked.scrape_timeout is None or _length(asked.scrape_timeout) <= _length(asked.interval),
        ),
    )

    path: MetricsPath = "/metrics"
    """Path as the app declares it, without the prefix: Prometheus talks to the pods, not through the proxy. For an app
    that is mounted there, with a slash at its end: the redirect to it would carry the prefix."""
    interval: Duration = _INTERVAL
    """Time between two readings."""
    scrape_timeout: Duration | None = None
    """Time after which a reading has failed; Prometheus' own default if absent."""
    labels: Labels | None = None
    """Labels for the ServiceMonitor alone, by which a Prometheus may select it, like release: prometheus."""


def _length(text: str) -> timedelta:
    return timedelta(**{_UNITS[unit]: int(number) for number, unit in re.findall(r"(\d+)(ms|[hms])", text)})
