"""The check as callers see it."""

from proxiedapp.verify.finding import Finding
from proxiedapp.verify.judge import judge
from proxiedapp.verify.probe import collect
from proxiedapp.verify.target import VerifyOptions, VerifyTarget


async def verify(target: VerifyTarget, options: VerifyOptions, *, seconds: float = 10.0) -> tuple[Finding, ...]:
    """Check an app; what is wrong comes first, and of that the root cause.

    Takes `seconds` at most. Raises InvalidTargetError for a target that cannot be asked; whatever the app answers, or
    fails to, is a finding.
    """
    return judge(await collect(target, options, seconds=seconds))
