"""Reads a container's command: which server it starts, and with which arguments.

The operator never guesses: a command that it does not recognise gives None, and the caller reports what to set.
"""

from collections.abc import Sequence
from dataclasses import replace

from proxiedapp.api.budget import Budget
from proxiedapp.servers.command.arguments import parse_arguments
from proxiedapp.servers.command.container import ContainerCommand
from proxiedapp.servers.command.environment import Value
from proxiedapp.servers.command.invocation import STEPS_PER_ARGUMENT, Argument, Invocation, Position
from proxiedapp.servers.command.locate import Program, Script, locate, locate_by_name
from proxiedapp.servers.command.script import read_script
from proxiedapp.servers.command.split import split
from proxiedapp.servers.command.wrappers import is_removed
from proxiedapp.servers.server import Server
from proxiedapp.servers.table import BY_KIND, servers_of


def read_command(container: ContainerCommand, kind: str = "auto", budget: Budget | None = None) -> Invocation | None:
    """Return the server that a container's command starts.

    `kind` is the user's name for the server; it decides if the command alone is ambiguous. Raises
    UnreadableScriptError if the command is a shell script that cannot be read with certainty, and BudgetError if
    reading the command takes more steps than are left of `budget`.
    """
    budget = Budget() if budget is None else budget
    values = container.values
    located = locate(values, in_script=False)
    named = BY_KIND[kind].programs if kind in BY_KIND else frozenset[str]()
    if located is None:
        located = locate_by_name(values, named)
    if located is None:
        return None
    if isinstance(located, Script):
        scripted = read_script(located, container, named, budget)
        if scripted is None:
            return None
        invocation = _invocation(container, scripted.program, scripted.arguments, scripted.insertion, kind, budget)
        return None if invocation is None else replace(invocation, shell_stays=scripted.shell_stays)
    own = values[located.arguments :]
    arguments = [Argument(value, Position(located.arguments + index)) for index, value in enumerate(own)]
    insertion = Position(located.arguments + _before_dashes(own))
    return _invocation(container, located, arguments, insertion, kind, budget)


def _before_dashes(arguments: Sequence[Value]) -> int:
    """Return where new options go: at the end, or before a bare `--`, after which nothing is an option."""
    texts = [argument.text for argument in arguments]
    return texts.index("--") if "--" in texts else len(texts)


def _invocation(
    container: ContainerCommand,
    program: Program,
    arguments: Sequence[Argument],
    insertion: Position,
    kind: str,
    budget: Budget,
) -> Invocation | None:
    """Distinguish the servers of one program by the worker class; return None if it is none of theirs."""
    for server in servers_of(program.name):
        inherited = _inherited(server, program, container, budget)
        budget.spend(STEPS_PER_ARGUMENT * (len(inherited) + len(arguments)))
        given = (*inherited, *(argument.value for argument in arguments))
        classes = parse_arguments(given, server.grammar).values(server.worker_class_flags)
        recognised = not server.worker_classes or (classes and classes[-1].text in server.worker_classes)
        # The class may be in a configuration file in the image, or be the user's own, such as a subclass.
        known = {name for other in servers_of(program.name) for name in (*other.worker_classes, *other.other_classes)}
        named = server.name == kind and (not classes or classes[-1].text not in known)
        if recognised or named:
            return Invocation(
                container,
                server,
                program.subcommand,
                tuple(arguments),
                inherited,
                program.assignments,
                program.removed,
                insertion,
            )
    return None


def _inherited(server: Server, program: Program, container: ContainerCommand, budget: Budget) -> tuple[Value, ...]:
    """Return the arguments that a server takes from a variable; none if the operator cannot read them."""
    name = server.arguments_variable or ""
    if name in program.assignments:
        text = program.assignments[name].text
    else:
        text = "" if is_removed(name, program.removed) else container.environment.values.get(name, "")
    budget.spend(len(text))
    try:
        return tuple(Value(argument) for argument in split(text))
    except ValueError:
        return ()
