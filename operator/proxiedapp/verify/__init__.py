"""The black-box check of a running app behind its prefix: send requests, then judge all responses together.

Callers need `check.verify` and a `target.VerifyTarget`; they get `finding.Finding`s, faults first. `probe` sends the
requests through `client` (the only I/O), `response` reduces each response to what the checks use, and the result is
`evidence`. `facts` derives what the evidence implies, and `judge` runs the checks in `checks/` over the facts. All of
these but `probe`, `client` and `worker` are pure.
"""
