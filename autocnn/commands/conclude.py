"""The end of a search: the leaderboard, the next steps, the exit code."""

from collections.abc import Iterator

from autocnn.commands.options import Place
from autocnn.commands.words import say
from autocnn.errors import AutocnnError, NoResultError
from autocnn.store.rows import StudySnapshot, TrialRow
from autocnn.views import leaderboard, verdict
from autocnn.views.tables import accuracy


def conclude(
    place: Place,
    found: StudySnapshot,
    outcome: str,
    *,
    quiet: bool,
    target: float | None = None,
) -> int:
    """Show the leaderboard and what one can do next; the exit code of the outcome."""
    if not quiet and found.ranked():
        say(leaderboard.heading(found), err=True)
        leaderboard.write(found, "table", top=10)
        for sentence in verdict.sentences(found):
            say(sentence, err=True)
        for line in _next_steps(place, found):
            say(line.rstrip(), err=True)
    if outcome == "interrupted":
        say("stopped; the same command goes on from here", err=True)
        return 75
    best = refuse(found, outcome)
    final = found.final.val_accuracy if found.final else None
    reached = max(best.val_accuracy or 0.0, final or 0.0)
    if target is not None and reached < target:
        raise NoResultError(
            f"the target of {accuracy(target)} was not reached: the best is "
            f"{accuracy(reached)}",
            hint="give it more time or trials: the same command goes on",
        )
    return 0


def refuse(found: StudySnapshot, outcome: str) -> TrialRow:
    """Raise what was wrong with a search without a result; else give its best trial."""
    if outcome == "nothing fits":
        raise NoResultError(
            found.state.notice if found.state else outcome,
            hint="raise the limit (none lifts it), or draw smaller networks (--space)",
        )
    reasons = {row.reason for row in found.trials if row.status == "failed"}
    best = found.best()
    if outcome == "failed":
        last = next(r.reason for r in reversed(found.trials) if r.status == "failed")
        kind = NoResultError if best is None else AutocnnError
        raise kind(
            f"stopped: several trials in a row failed in the same way ({last})",
            hint=_mended(found),
        )
    if best is None:
        longer = "give it more time or a smaller space: autocnn search --help"
        raise NoResultError(
            "no trial was completed" + "".join(f"; {r}" for r in sorted(reasons)[:1]),
            hint=_mended(found) if reasons else longer,
        )
    return best


def _mended(found: StudySnapshot) -> str:
    """Say how a search goes on whose trials failed."""
    wanted = found.state.trials if found.state else 0
    if wanted and found.total >= wanted:
        return "mend the cause, then add trials with --trials +N"
    return "mend the cause, then run the same command to go on"


def _next_steps(place: Place, found: StudySnapshot) -> Iterator[str]:
    best, folder = found.best(), place.folder(found.name) / "best"
    if best is not None and (folder / "card.json").exists():
        yield f"The best network is in {folder}: try"
        yield f"  autocnn predict IMAGE... {place.typed}"
    elif best is not None:
        yield f"The best network, of trial {best.trial}, is not on this machine: try"
        yield f"  autocnn train {best.trial} --study {found.name} {place.typed}"
    yield f"  autocnn show best {place.typed}"
    yield f"  autocnn dashboard {place.typed}"
    if found.config.get("data") == "digits":
        yield "  autocnn search cifar10, or autocnn search path/to/images"
