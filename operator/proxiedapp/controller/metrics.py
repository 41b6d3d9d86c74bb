"""The metrics. Label values come from closed lists (kinds, verbs, outcomes) and are never names of objects."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

RECONCILES: Final = Counter("proxiedapp_reconciles", "Reconcile passes of single apps, by outcome", ["outcome"])
RECONCILE_SECONDS: Final = Histogram(
    "proxiedapp_reconcile_seconds",
    "Duration of one reconcile pass",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
WRITES: Final = Counter(
    "proxiedapp_writes",
    "Requests that wrote an object, by cause: a changed spec, drift, or a status update",
    ["kind", "verb", "reason"],
)
EVENTS: Final = Counter("proxiedapp_watch_events", "Watch events received", ["kind"])
RESYNCS: Final = Counter("proxiedapp_resyncs", "Comparisons of the store with a fresh list", ["kind"])
MISSED: Final = Counter(
    "proxiedapp_missed_changes", "Apps affected by changes that the watches missed and a fresh list showed", ["kind"]
)
VERIFICATIONS: Final = Counter("proxiedapp_verifications", "Verifications of a running app, by result", ["outcome"])
APPS: Final = Gauge("proxiedapp_apps", "Apps by the reason of their condition Ready, such as Conflict", ["reason"])
APPS_VERIFIED: Final = Gauge("proxiedapp_apps_verified", "Apps by the result of their last verification", ["verified"])
FOREIGN_INCOMPLETE: Final = Gauge(
    "proxiedapp_foreign_routes_incomplete", "Foreign routes that are too large to be compared completely"
)
LEADING: Final = Gauge("proxiedapp_leading", "1 if this replica is the leader, 0 if it is on standby")
QUEUE_DEPTH: Final = Gauge("proxiedapp_queue_depth", "Apps waiting for a pass; 0 in a standby replica")
QUEUE_AGE: Final = Gauge("proxiedapp_queue_age_seconds", "How long the next app has waited for its pass")
LOOP_STALLS: Final = Counter(
    "proxiedapp_loop_stalls", "Times that the event loop was blocked for more than a quarter of a second"
)
LOOP_STALL_MAX: Final = Gauge(
    "proxiedapp_loop_stall_max_seconds", "Longest time for which the event loop was blocked since the operator started"
)
WATCHES: Final = Counter("proxiedapp_watches_opened", "Watches opened, including those reopened after an end", ["kind"])
BUILD: Final = Gauge("proxiedapp_build_info", "Always 1; the version is a label", ["version"])
OBJECTS: Final = Gauge("proxiedapp_objects", "Objects in the store", ["kind"])
