"""Every reason that a condition can have: a closed, stable list, because alerts and scripts match these words."""

from enum import StrEnum


class Reason(StrEnum):
    """One CamelCase word for one fact; docs/conditions.md prints the docstring below it."""

    AVAILABLE = "Available"
    """All objects of the app are applied and the rollout is complete."""
    PROGRESSING = "Progressing"
    """All objects of the app are applied and Kubernetes is still rolling them out."""
    ACCEPTED = "Accepted"
    """The route is valid and its objects are applied."""
    NOT_APPLIED = "NotApplied"
    """The route is not applied yet, because an object that it depends on could not be applied."""
    MINIMUM_REPLICAS_AVAILABLE = "MinimumReplicasAvailable"
    """The Deployment has enough available replicas to serve requests."""
    MINIMUM_REPLICAS_UNAVAILABLE = "MinimumReplicasUnavailable"
    """The Deployment has fewer available replicas than it needs to serve requests."""
    NOT_YET_REPORTED = "NotYetReported"
    """Kubernetes has not reported the state of the Deployment yet."""

    SUSPENDED = "Suspended"
    """The annotation `proxiedapp.dev/reconcile: suspended` is set. The operator changes nothing until it is removed."""
    IMAGE_PULL_BACK_OFF = "ImagePullBackOff"
    """The image of a container cannot be pulled; the message has the cause, if Kubernetes reports one."""
    CRASH_LOOP_BACK_OFF = "CrashLoopBackOff"
    """A container exits after every start; the message contains its exit code."""
    CONTAINER_NOT_MADE = "ContainerNotMade"
    """The node cannot create a container, usually because a ConfigMap or Secret that it refers to does not exist."""
    PROBE_FAILED = "ProbeFailed"
    """A container runs, but its startup or readiness probe fails, or it is restarted because its liveness probe fails;
    the message has what the probe got."""
    UNSCHEDULABLE = "Unschedulable"
    """No node can schedule the pods: none has enough free resources or satisfies their scheduling rules."""
    QUOTA_EXCEEDED = "QuotaExceeded"
    """The resource quota of the namespace does not allow the pods."""
    POD_SECURITY_REFUSED = "PodSecurityRefused"
    """The Pod Security level of the namespace does not admit the pods."""
    PODS_REFUSED = "PodsRefused"
    """Kubernetes refuses to create the pods for another reason."""
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    """The rollout made no progress within the deadline of the Deployment."""

    LIMITED = "Limited"
    """The route is valid and applied, but part of the app does not work behind the prefix; the message has a fix."""
    NOT_STICKY = "NotSticky"
    """The route is valid and applied, but the app's framework keeps sessions in the memory of a pod, and `route.sticky`
    is not set although there can be several pods. Frameworks are known by the command and by their variables."""
    NOT_MONITORED = "NotMonitored"
    """Enough replicas are available, but their metrics cannot be collected; the message says how to fix it."""
    OVERLAPPED = "Overlapped"
    """The route is valid and applied, but a foreign route matches the same host and path, an app of another
    namespace takes some of its requests, or another route of its host keeps its `tls.options` from being used; the
    message names the route or the host and path."""
    VERIFIED = "Verified"
    """What could be judged is right; the message says what that was. If a check fails, the reason is the code of its
    finding instead.
    """
    NOT_JUDGED = "NotJudged"
    """The app is served, but no response shows whether it works behind its prefix: it has neither schema nor docs page
    at the configured paths, no redirects, and no extra paths.
    """

    INVALID_SPEC = "InvalidSpec"
    """The spec breaks a rule that the API server did not, or could not, enforce."""
    UNKNOWN_SERVER = "UnknownServer"
    """The command does not show which ASGI server it starts."""
    COMMAND_CONFLICT = "CommandConflict"
    """A flag or environment variable of the user contradicts the spec."""
    STRIP_MODE_REFUSED = "StripModeRefused"
    """`stripPrefix` demands a strip mode in which the server cannot serve the app."""
    CONFLICT = "Conflict"
    """Another ProxiedApp is served at the same host and prefix, or requested them first; the message names it."""
    NOT_ALLOWED = "NotAllowed"
    """No ProxyPolicy allows what the app asks for. Its route and its certificate are withdrawn; its pods stay."""
    MIDDLEWARE_MISSING = "MiddlewareMissing"
    """A Middleware in `route.middlewares` does not exist, and Traefik would answer 404. The operator retries."""
    CONTESTED = "Contested"
    """Another controller or an admission policy changes an object of the app whenever the operator has written it.
    The message names object, field and field manager. The operator repairs it after growing pauses."""
    PAUSED = "Paused"
    """The rollout of the Deployment is paused, as by `kubectl rollout pause`, so changes do not reach the pods."""
    NAME_TAKEN = "NameTaken"
    """An object that the operator must create already exists and belongs to another owner."""
    CERT_MANAGER_MISSING = "CertManagerMissing"
    """`route.tls.issuerRef` is set, but the cluster does not serve cert-manager's API (cert-manager.io/v1)."""
    PROXY_UNKNOWN = "ProxyUnknown"
    """`proxy.isolate` is set, but the operator's settings do not say which pods belong to the proxy."""
    TRAEFIK_MISSING = "TraefikMissing"
    """The cluster does not serve Traefik's API (traefik.io/v1alpha1)."""
    GATEWAY_API_MISSING = "GatewayApiMissing"
    """`route.parentRefs` is set, but the cluster does not serve HTTPRoutes (gateway.networking.k8s.io/v1)."""
    GATEWAY_UNSUPPORTED = "GatewayUnsupported"
    """The class of a Gateway in `route.parentRefs` does not list a feature without which the app would be served
    wrongly, such as the rewriting of paths, or the cluster's Gateway API is too old."""
    AWAITING_GATEWAY = "AwaitingGateway"
    """The HTTPRoute is applied, and a Gateway in `route.parentRefs` has not accepted it yet; the message names it. The
    previous route stays."""
    REFUSED_BY_GATEWAY = "RefusedByGateway"
    """A Gateway in `route.parentRefs` does not accept the HTTPRoute; the message contains its reason. The previous
    route stays."""
    CHILD_REFUSED = "ChildRefused"
    """The API server refuses an object of the app: validation, quota, admission or permissions. Retried slowly."""
    QUARANTINED = "Quarantined"
    """Work on the app failed by a defect of the operator or took too long. It is tried again after growing pauses."""
    RETRYING = "Retrying"
    """The API server cannot be reached or is overloaded. Retried soon."""
