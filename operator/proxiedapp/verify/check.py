"""The check as callers see it."""

from proxiedapp.verify.finding import Finding
from proxiedapp.verify.judge import judge
from proxiedapp.verify.probe import collect
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from proxiedapp.verify.worker import in_worker


async def verify(target: VerifyTarget, options: VerifyOptions, *, seconds: float = 10.0) -> tuple[Finding, ...]:
    """Return the findings about an app: faults first, and among the faults the root cause first.

    Takes at most `seconds`. Raises InvalidTargetError for a target that cannot be requested; anything that the app
    returns, or fails to return, becomes a finding.
    """
    return await in_worker(judge, await collect(target, options, seconds=seconds))
