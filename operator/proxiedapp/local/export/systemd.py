"""A systemd unit for the proxy, and one for each app. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from proxiedapp.local.localapp import LocalApp

_PROXY: Final = """\
# The proxy. Copy this unit and those of the apps to /etc/systemd/system; the other files stay in {folder}.
[Unit]
Description={proxy} in front of the apps
After=network-online.target
Wants=network-online.target

[Service]
# The files name each other relative to this folder, and nginx keeps its own files in it.
WorkingDirectory={folder}
ExecStart={command}
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
_APP: Final = """\
# The app {name}, behind {proxy}. Set WorkingDirectory to the folder of its code, and PATH to its environment.
[Unit]
Description={name} at {prefix}
After=network.target

[Service]
WorkingDirectory=/srv/{name}
Environment=PATH=/srv/{name}/.venv/bin:/usr/bin:/bin
{variables}# The flags at the end are those that the server needs behind this proxy.
ExecStart=/usr/bin/env {command}
DynamicUser=yes
# uvicorn and others wait this long for requests that run.
TimeoutStopSec=30
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""


def units(proxy: str, command: Sequence[str], apps: Sequence[LocalApp], folder: str) -> Mapping[str, str]:
    """Return the units by their names; `folder` is where the proxy's files are."""
    found = {
        f"{proxy}-apps.service": _PROXY.format(proxy=proxy, folder=folder, command=" ".join(map(_quoted, command)))
    }
    for app in apps:
        name = app.app.key.name
        variables = "".join(f"Environment={_quoted(f'{key}={value}')}\n" for key, value in app.variables.items())
        words = " ".join(map(_quoted, app.command))
        prefix = app.route.rule.prefix
        found[f"{name}.service"] = _APP.format(
            name=name, proxy=proxy, prefix=prefix, variables=variables, command=words
        )
    return found


def _quoted(word: str) -> str:
    """Return a word as systemd.service(5) reads it: quoted, with its specifiers and variables escaped."""
    word = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
