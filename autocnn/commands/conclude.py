"""The end of a search: the leaderboard, the next steps, the exit code."""

import click
import optuna

from autocnn.commands.setup import Setup
from autocnn.errors import AutocnnError, NoResultError
from autocnn.store.rows import snapshot
from autocnn.views import leaderboard


def conclude(setup: Setup, study: optuna.Study, outcome: str, *, quiet: bool) -> int:
    """Show the leaderboard and what one can do next; the exit code of the outcome."""
    found = snapshot(study)
    if not quiet and found.ranked():
        click.echo(leaderboard.heading(found), err=True)
        leaderboard.write(found, "table", top=10)
        click.echo(_next_steps(setup, found.best() is not None), err=True)
    if outcome == "interrupted":
        click.echo("stopped; the same command goes on from here", err=True)
        return 75
    reasons = {row.reason for row in found.trials if row.status == "failed"}
    if found.best() is None:
        raise NoResultError(
            "no trial was completed" + "".join(f"; {r}" for r in sorted(reasons)[:1]),
            hint="give it more time or a smaller space: autocnn search --help",
        )
    if outcome == "failed":
        last = next(r.reason for r in reversed(found.trials) if r.status == "failed")
        raise AutocnnError(
            f"stopped: several trials in a row failed in the same way ({last})",
            hint="mend the cause, then run the same command to go on",
        )
    return 0


def _next_steps(setup: Setup, found: bool) -> str:
    lines = []
    if found:
        lines.append(f"The best network is in {setup.folder / 'best'}: try")
        lines.append(f"  autocnn predict IMAGE... {setup.place.typed}")
    lines.append(f"  autocnn show best {setup.place.typed}")
    lines.append(f"  autocnn dashboard {setup.place.typed}")
    if setup.data.info.name == "digits":
        lines.append("  autocnn search cifar10, or autocnn search path/to/images")
    return "\n".join(line.rstrip() for line in lines)
