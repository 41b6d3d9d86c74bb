"""What bash, zsh and fish offer at the end of a command line, asked of the shells themselves."""

import os
import pty
import select
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.npm import NotInstalledError

_BASH = """\
eval "$(_PROXIEDAPP_COMPLETE=source_bash proxiedapp)"
COMP_WORDS=($1); [[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_proxiedapp_completion proxiedapp "${COMP_WORDS[COMP_CWORD]}"
if ((${#COMPREPLY[@]})); then printf '%s\\n' "${COMPREPLY[@]}"
elif [[ $(complete -p proxiedapp) == *"-o default"* ]]; then compgen -f -- "${COMP_WORDS[COMP_CWORD]}"; fi
"""
"""With `-o default`, readline completes files where the function has nothing to offer."""
_FISH = "_PROXIEDAPP_COMPLETE=source_fish proxiedapp | source; complete --do-complete $argv[1]"
_ZSH = """\
autoload -Uz compinit && compinit -D -u
source <(_PROXIEDAPP_COMPLETE=source_zsh proxiedapp)
compadd() {
  local -a matching
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
    builtin compadd -A matching "$@"
    print -rl -- $matching >> $OFFERED
  fi
  builtin compadd "$@"
}
ended() { print -r -- END >> $OFFERED }
comppostfuncs=(ended)
"""
"""Completions are added by compadd, which lists what matches if it gets an array (zshcompwid(1))."""


def offered_by_bash(line: str, folder: Path, variables: Mapping[str, str]) -> set[str]:
    return _printed(["bash", "-c", _BASH, "bash", line], folder, variables)


def offered_by_fish(line: str, folder: Path, variables: Mapping[str, str]) -> set[str]:
    return {each.partition("\t")[0] for each in _printed(["fish", "--no-config", "-c", _FISH, line], folder, variables)}


def offered_by_zsh(line: str, folder: Path, variables: Mapping[str, str]) -> set[str]:
    """Type the line and a tab into an interactive zsh; completion needs its line editor."""
    home = Path(variables["HOME"])
    offered = home / "offered"
    offered.unlink(missing_ok=True)
    (home / ".zshrc").write_text(_ZSH)
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [_program("zsh"), "-i"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=folder,
        env={**variables, "ZDOTDIR": str(home), "OFFERED": str(offered), "TERM": "dumb"},
        start_new_session=True,
    )
    os.close(terminal)
    try:
        os.write(keyboard, f"{line}\t".encode())
        while not offered.exists() or "END" not in offered.read_text().splitlines():
            if select.select([keyboard], [], [], 0.05)[0]:  # else what it prints would fill the terminal's buffer
                os.read(keyboard, 4096)
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
    return {each.strip() for each in offered.read_text().splitlines()} - {"END", ""}


def _printed(command: list[str], folder: Path, variables: Mapping[str, str]) -> set[str]:
    command[0] = _program(command[0])
    done = subprocess.run(command, cwd=folder, env=dict(variables), capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.splitlines())


def _program(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        raise NotInstalledError(f"{shell} is not installed")
    return found


OFFERED: Mapping[str, Callable[[str, Path, Mapping[str, str]], set[str]]] = {
    "bash": offered_by_bash,
    "zsh": offered_by_zsh,
    "fish": offered_by_fish,
}
