"""An object as it is written in a file, and where in it a problem is. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proxiedapp.api.errors import InvalidSpecError, RejectedError
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.errors import LocalError
from proxiedapp.local.problem import Problem, Severity
from proxiedapp.local.yamlsource import Document, Position, documents, steps


@dataclass(frozen=True, slots=True)
class Written:
    """An object, and the file in which it is written."""

    file: str
    document: Document

    @property
    def body(self) -> Manifest:
        """Return the object."""
        return self.document.body

    @property
    def place(self) -> str:
        """Return file, line and column of the object."""
        line, column = self.document.position
        return f"{self.file}:{line}:{column}"

    def problem(self, severity: Severity, code: str, where: str, problem: str, fix: str) -> Problem:
        """Return a problem of a field, which is named by its path."""
        return Problem(self.file, self.document.position_of(steps(where)), code, severity, where, problem, fix)

    def rejected(self, error: RejectedError) -> Problem:
        """Return the reason for which the operator would reject the object."""
        code = error.reason.value
        return Problem(self.file, self._position_of(error), code, Severity.ERROR, error.field, error.problem, error.fix)

    def located(self, error: RejectedError) -> str:
        """Return the same as one line, with file, line and column in front of it."""
        line, column = self._position_of(error)
        return f"{self.file}:{line}:{column}: {error}"

    def _position_of(self, error: RejectedError) -> Position:
        position = self.document.position_of(steps(error.field))
        if error.field in {"spec.command", "spec.args", "spec.env"} and not isinstance(error, InvalidSpecError):
            return self._position_of_word(error.problem.split()) or position
        return position

    def _position_of_word(self, words: Sequence[str]) -> Position | None:
        """Return where the flag or variable is written that a text names first; None if it names none of them."""
        spec = self.body["spec"]
        written = {}
        for name in ("args", "command"):
            for index, argument in enumerate(spec.get(name) or []):
                if argument.startswith("-"):
                    written[argument.partition("=")[0]] = [name, index]
        for index, variable in enumerate(spec.get("env") or []):
            written[variable["name"]] = ["env", index]
        path = next((written[word] for word in words if word in written), None)
        return None if path is None else self.document.position_of(["spec", *path])


def all_written(text: str, file: str) -> Iterator[Written]:
    """Yield the objects in the text of a file; raises LocalError at the first document that is none."""
    for one in documents(text):
        if not isinstance(one, Document):
            raise LocalError(one.located(file))
        yield Written(file, one)
