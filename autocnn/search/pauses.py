"""The trials that wait at their rungs, and what all trials there are judged by."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from optuna.trial import FrozenTrial, TrialState

from autocnn.search import rungs
from autocnn.search.rungs import Course, Standings
from autocnn.search.trials import Running, curve_of, standing


class Pauses:
    """Every trial's curve, and the paused trials themselves."""

    def __init__(self, judged: Sequence[int], trials: Iterable[FrozenTrial]) -> None:
        """`judged` are the epochs at which trials are compared; none: nobody pauses."""
        self.judged = judged
        self._standings = Standings(
            judged,
            (
                Course(trial.number, curve_of(trial))
                for trial in trials
                if trial.state is not TrialState.FAIL
            ),
        )
        self._waiting: dict[int, Running] = {}

    def __len__(self) -> int:
        """Count all trials that are known, paused or not."""
        return len(self._standings)

    def __contains__(self, trial: int) -> bool:
        return trial in self._waiting

    def __iter__(self) -> Iterator[Running]:
        return iter(list(self._waiting.values()))

    def __getitem__(self, trial: int) -> Running:
        return self._waiting[trial]

    def follow(self, running: Running) -> None:
        """Know a trial that is begun; its curve is followed from now on."""
        self._standings.put(Course(running.number, running.curve))

    def forget(self, trial: int) -> None:
        """Leave a trial that failed out of all comparisons."""
        self._standings.remove(trial)

    def holds(self, running: Running) -> bool:
        """Say whether a trial is to pause where it is now."""
        rung = len(running.curve)
        if rung not in self.judged:
            return False
        self.follow(running)  # it has a place there now
        return not self._standings.passes(running.number, rung)

    def add(self, running: Running) -> None:
        """Let a trial wait at the rung where it is."""
        number = running.number
        self._standings.put(Course(number, running.curve, paused=True))
        self._waiting[number] = running

    def take(self, trial: int) -> Running:
        """Let a paused trial go on."""
        running = self._waiting.pop(trial)
        self.follow(running)
        return running

    def next(self, busy: Collection[int], *, any_rank: bool = False) -> int | None:
        """Choose who goes on: who is among the best third, or simply the best."""
        choose = rungs.most_promising if any_rank else rungs.next_promotion
        return choose(self._standings, busy)

    def leaders(self, places: int) -> list[Running]:
        """List who waits at the top of a rung, those of the highest rung first."""
        found = rungs.leaders(self._standings, places)
        return [self._waiting[trial] for trial in found]

    def hopeless(self, most: float, spare: int) -> list[int]:
        """List those who need not be kept any longer."""
        return rungs.hopeless(self._standings, most, spare)

    def standing(self, running: Running) -> str:
        """Say where a trial stands at the last rung it came to: 14th of 17 at epoch 2.

        Empty if it came to none.
        """
        rung = self._last_rung(running)
        if not rung:
            return ""
        scores = [each.score(rung) for each in self._standings.ranking(rung)]
        return f"{standing(max(running.curve[:rung]), scores)} at epoch {rung}"

    def left_for(self, running: Running, outcome: str) -> str:
        """Say why a trial is given up at a search's end, and where it then stands."""
        over = "the search was over" if outcome == "complete" else outcome
        place = self.standing(running)
        return f"{over}: {place}" if place else over

    def _last_rung(self, running: Running) -> int:
        passed = [rung for rung in self.judged if rung <= len(running.curve)]
        return passed[-1] if passed else 0
