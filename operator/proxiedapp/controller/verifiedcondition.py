"""The condition Verified: requested from the verifier after a rollout, and otherwise kept as it is in the status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from proxiedapp.api.conditions import condition, condition_of
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import Condition, ConditionType
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.verification import Verdict, Verifier
from proxiedapp.controller.verifytarget import verify_request_of
from proxiedapp.kube.key import Key
from proxiedapp.resources.desired import Desired
from proxiedapp.verify.codes import Code
from proxiedapp.verify.summary import is_conclusive, judged_titles


@dataclass(frozen=True, slots=True)
class VerifiedCondition:
    """Connects passes with the verifier, which works beside them."""

    verifier: Verifier
    proxy_urls: Mapping[str, str]
    pod_ip: str | None
    cluster_ip: Callable[[ObservedApp], str | None]
    """The address of an app's Service; None while it has none."""
    shares_host: Callable[[Key], bool]
    """Whether another app is served at a host of an app."""

    def of(
        self,
        app: ObservedApp,
        desired: Desired | None,
        workload: Workload | None,
        entry_point_urls: Mapping[str, str],
        now: datetime,
    ) -> Condition | None:
        """Return the verdict on this version of the app if there is one, else the condition in the app's status.

        `desired` is None if the route is not as the spec asks; then there is nothing new to verify.
        """
        reported = condition_of(app.status, ConditionType.VERIFIED)
        if desired is None:
            return reported
        if not desired.app.spec.verify.enabled:
            self.verifier.forget(app.key)
            return None
        if workload is None or not workload.rolled_out or not workload.available:
            return reported
        request = verify_request_of(
            app,
            desired,
            workload,
            proxy_urls=self.proxy_urls,
            entry_point_urls=entry_point_urls,
            pod_ip=self.pod_ip,
            cluster_ip=self.cluster_ip(app),
            shares_host=self.shares_host(app.key),
        )
        if request is None:
            self.verifier.forget(app.key)
            return reported
        is_reported = reported is not None and reported.observed_generation == app.generation
        verdict = self.verifier.verdict(app.key, request, is_reported=is_reported)
        return reported if verdict is None else condition_of_verdict(verdict, now)


def condition_of_verdict(verdict: Verdict, now: datetime) -> Condition:
    """Return the condition that reports a verdict."""
    wrong = verdict.wrong
    holds: bool | None = None
    reason: Reason | Code = Reason.NOT_JUDGED
    message = (
        "The app is served, but no response shows whether it works behind its prefix. "
        "Set spec.verify.openapiPath, docsPath or extraPaths to paths that it has."
    )
    if wrong is not None:
        reason, holds = wrong.code, False
        fix = wrong.in_app().fix if verdict.request.managed else wrong.fix
        message = f"{wrong.seen}; expected: {wrong.expected}. {fix}"
    elif is_conclusive(verdict.findings):
        reason, holds = Reason.VERIFIED, True
        message = f"Right as clients see it: {judged_titles(verdict.findings, judged=True)}."
        if unjudged := judged_titles(verdict.findings, judged=False):
            message += f" Not judged: {unjudged}."
    return condition(
        ConditionType.VERIFIED,
        reason,
        message,
        holds=holds,
        generation=verdict.request.generation,
        now=now,
    )
