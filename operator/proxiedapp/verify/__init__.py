"""The black-box check of a running app behind its prefix: ask, then judge all answers together.

`check.verify` is all that callers need, with a `target.Target`; it gives `finding.Finding`s, what is wrong first.
`probe` asks (the only I/O), everything else takes values and gives values.
"""
