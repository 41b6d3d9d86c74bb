"""Programs that only tests need; each is built once from its Go module and kept in the user's cache folder.

A module contains its own go.sum, with which Go checks all other modules that the program is built from.
`python -m tests.support.goprograms` builds all programs and reports progress; with names, it builds only these and
prints their paths.
"""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.gobuild import build_lock, go_build, stale_packages
from proxiedapp_sandbox.paths import cache_dir
from tests.support.crdcheck.slim import validation_only
from tests.support.gomodules import Pin

WITHOUT_COLLECTOR: Final = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}
"""Variables for Go programs that end soon: a quarter of the CPU of `helm template` was garbage collection."""

Progress = Callable[[str, int, int], None]
"""Called with the current step, the number of compiled packages, and their total."""


@dataclass(frozen=True)
class GoProgram:
    """A program of a pinned module: its package, and the variable that the linker sets to the version."""

    pin: Pin
    package: str
    version_variable: str
    tags: str = ""
    main: Path | None = None
    """A file of ours that is the package, for a module that has the code but no such program."""
    prepare: Callable[[Path], None] | None = None
    """Changes the copy of the module that `main` is built in."""
    for_tests: bool = True
    """Whether tests need it; if not, it is built only when it is asked for by name."""

    @property
    def name(self) -> str:
        return self.package.rpartition("/")[2]

    @property
    def folder(self) -> Path:
        """Return the folder with the builds of this program, for all versions."""
        return cache_dir() / self.name

    @property
    def path(self) -> Path:
        """Return the path of the program, which depends on the pin and the flags."""
        recipe = " ".join(
            filter(None, (self.pin.sum, self._linker_flags, self.tags, self.main.read_text() if self.main else ""))
        )
        digest = hashlib.blake2b(recipe.encode(), digest_size=5).hexdigest()
        return self.folder / f"{self.pin.version}-{digest}" / self.name

    @property
    def flags(self) -> list[str]:
        # The linker leaves out debug information (-w), so the compiler need not write it.
        return ["-trimpath", "-gcflags=all=-dwarf=false", "-tags", self.tags, "-ldflags", self._linker_flags]

    @property
    def _linker_flags(self) -> str:
        return f"-s -w -X {self.version_variable}={self.pin.version}"


def _crdcheck(pin: str) -> GoProgram:
    main = Path(__file__).parent / "crdcheck" / "main.go"
    return GoProgram(Pin.of(pin), "./crdcheck", "main.version", main=main, prepare=validation_only, for_tests=False)


def _helm(name: str) -> GoProgram:
    pin = Pin.of(name)
    return GoProgram(pin, "./cmd/helm", f"{pin.module}/internal/version.version")


PROGRAMS: Final = {
    "actionlint": GoProgram(Pin.of("actionlint"), "./cmd/actionlint", "github.com/rhysd/actionlint.version"),
    **{name: _crdcheck(name) for name in Pin.names() if name.startswith("crdcheck-")},
    "helm3": _helm("helm3"),
    "helm4": _helm("helm4"),
    "promtool": GoProgram(
        Pin.of("promtool"),
        "./cmd/promtool",
        "github.com/prometheus/common/version.Version",
        tags="remove_all_sd",  # leaves out the clients of all clouds, a quarter of the packages
    ),
}


def go_program(name: str) -> Path:
    """Return the path of a program, and build it if needed; raises SandboxError.

    A failed build is not repeated in this process, because each test that needs the program would wait for it.
    """
    made = _attempt(PROGRAMS[name])
    if isinstance(made, SandboxError):
        raise SandboxError(str(made)) from made
    return made


@cache
def _attempt(program: GoProgram) -> Path | SandboxError:
    try:
        return build(program, lambda *_: None)
    except SandboxError as error:
        return error


def build_all(programs: Iterable[GoProgram], progress: Progress) -> list[SandboxError]:
    """Build programs one after the other, also after a failure; returns the errors."""
    problems = []
    for program in programs:
        try:
            build(program, progress)
        except SandboxError as error:
            problems.append(error)
    return problems


def build(program: GoProgram, progress: Progress) -> Path:
    """Return the path of a program, and build it if needed; raises SandboxError."""
    if not program.path.exists():
        with build_lock(program.folder):
            if not program.path.exists():
                _build(program, progress)
    return program.path


def _build(program: GoProgram, progress: Progress) -> None:
    """Build in the module's own folder, so that its go.mod and go.sum apply; with `main`, in a copy of it."""
    title = f"{program.name} {program.pin.version}"
    progress(f"downloading the source of {title}", 0, 0)
    source = program.pin.source()
    if program.main is None:
        _compile(program, source, title, progress)
        return
    with tempfile.TemporaryDirectory(prefix=program.name) as folder:
        for file in ("go.mod", "go.sum", "pkg", "third_party"):
            if (source / file).is_dir():
                shutil.copytree(source / file, Path(folder, file), copy_function=shutil.copyfile)
            elif (source / file).exists():
                shutil.copyfile(source / file, Path(folder, file))
        package = Path(folder, program.package)
        package.mkdir()
        shutil.copyfile(program.main, package / "main.go")
        if program.prepare:
            program.prepare(Path(folder))
        _compile(program, Path(folder), title, progress)


def _compile(program: GoProgram, source: Path, title: str, progress: Progress) -> None:
    total = stale_packages(*program.flags, program.package, cwd=source)
    program.path.parent.mkdir(parents=True, exist_ok=True)
    partial = program.path.with_suffix(".partial")

    def compiled(count: int) -> None:
        progress(f"building {title} (once; some minutes)", min(count, total), total)

    go_build(title, *program.flags, "-o", partial, program.package, cwd=source, compiled=compiled)
    partial.replace(program.path)


class Printed:
    """Prints progress as lines, one for each ten percent."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        line = f"{what}: {100 * done // total // 10 * 10} %" if total else what
        if line != self._last:
            self._last = line
            sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    asked = sys.argv[1:] or [name for name, program in PROGRAMS.items() if program.for_tests]
    if problems := build_all([PROGRAMS[name] for name in asked], Printed()):
        sys.exit("\n".join(f"tests.support.goprograms: {problem}" for problem in problems))
    sys.stdout.writelines(f"{PROGRAMS[name].path}\n" for name in asked)
