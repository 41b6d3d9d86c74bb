"""What Prometheus can ask. Labels are closed lists: kinds, verbs and outcomes, never names of objects."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

RECONCILES: Final = Counter("proxiedapp_reconciles", "Passes over one app", ["outcome"])
RECONCILE_SECONDS: Final = Histogram(
    "proxiedapp_reconcile_seconds",
    "Duration of one pass over one app",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
WRITES: Final = Counter(
    "proxiedapp_writes",
    "Requests that wrote an object, and why: for a changed spec, a drift, or to tell a status",
    ["kind", "verb", "reason"],
)
EVENTS: Final = Counter("proxiedapp_watch_events", "Watch events received", ["kind"])
RESYNCS: Final = Counter("proxiedapp_resyncs", "Comparisons with a fresh list", ["kind"])
MISSED: Final = Counter(
    "proxiedapp_missed_changes", "Apps concerned by changes that only a fresh list showed", ["kind"]
)
VERIFICATIONS: Final = Counter("proxiedapp_verifications", "Looks at a running app, by what was found", ["outcome"])
APPS: Final = Gauge("proxiedapp_apps", "Apps by the reason of their condition Ready, such as Conflict", ["reason"])
APPS_VERIFIED: Final = Gauge("proxiedapp_apps_verified", "Apps by what the last verification found", ["verified"])
LEADING: Final = Gauge("proxiedapp_leading", "Whether this replica writes: 1, or 0 for one that stands by")
QUEUE_DEPTH: Final = Gauge("proxiedapp_queue_depth", "Apps waiting for a pass")
QUEUE_AGE: Final = Gauge("proxiedapp_queue_age_seconds", "How long the app that is next has waited for its pass")
WATCHES: Final = Counter("proxiedapp_watches_opened", "Watches begun, the first and after each end", ["kind"])
BUILD: Final = Gauge("proxiedapp_build_info", "1; the version is a label", ["version"])
OBJECTS: Final = Gauge("proxiedapp_objects", "Objects known", ["kind"])
