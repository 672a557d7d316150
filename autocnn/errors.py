"""Every error a user can meet: what was found, what to do next, and the exit code."""

import difflib
from collections.abc import Iterable


class AutocnnError(Exception):
    """Something the user can mend; `cli.main` prints it in two lines, no traceback."""

    exit_code = 1

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        """Say both, as a traceback, a notebook and a log show them."""
        return f"{self.problem}\n  hint: {self.hint}" if self.hint else self.problem

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the hint when the error crosses a process boundary."""
        return (_rebuild, (type(self), self.problem, self.hint))


class RequestError(AutocnnError):
    """The command asks for what does not exist or cannot be (exit 2)."""

    exit_code = 2


class StudyError(AutocnnError):
    """The study in the storage does not fit the command (exit 3)."""

    exit_code = 3


class NoResultError(AutocnnError):
    """The search or the study has no trained network to show (exit 4)."""

    exit_code = 4


class DataError(AutocnnError):
    """The images cannot be read, found or used (exit 5)."""

    exit_code = 5


class UnavailableError(AutocnnError):
    """Something is busy or stopped for now; the same command works later (exit 75)."""

    exit_code = 75


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Name the nearest known word, or list them all when none is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return "choose from " + ", ".join(names)


def _rebuild(kind: type[AutocnnError], problem: str, hint: str) -> AutocnnError:
    return kind(problem, hint=hint)
