"""The panels behind the digits, and the help: what each says, at any size."""

# ruff: noqa: RUF001  signs that are no letters

import asyncio
import math
import shutil
import time
from collections.abc import Awaitable, Callable

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial
from pilots import text, until
from textual.binding import Binding
from textual.pilot import Pilot
from textual.selection import Selection
from textual.widgets import Input

from autocnn.storage import open_storage, storage_url
from autocnn.store.command import send
from autocnn.store.rows import CONFIG, snapshot
from autocnn.store.state import STATE, SearchState
from autocnn.views.tui import app as apps
from autocnn.views.tui import curves, importance, slices, space
from autocnn.views.tui.actions import Actions
from autocnn.views.tui.app import Watch
from autocnn.views.tui.braille import Canvas
from autocnn.views.tui.drawn import Drawn, collect, number, reading
from autocnn.views.tui.feed import LiveFeed
from autocnn.views.tui.header import SIGNS
from autocnn.views.tui.help import HelpScreen
from autocnn.views.tui.history import History
from autocnn.views.tui.log import Lines
from autocnn.views.tui.overview import Overview
from autocnn.views.tui.panels import PANELS
from autocnn.views.tui.slices import Slice
from autocnn.views.tui.table import Table
from autocnn.views.tui.trial import TrialScreen
from autocnn.views.tui.weighed import comparable

# Last, so that the installed package is what is tested: benchmarks are only here.
from benchmarks.studies import make_study

DISTRIBUTIONS = {
    "rate": FloatDistribution(0.01, 100, log=True),
    "width": IntDistribution(8, 64),
    "stages": IntDistribution(2, 4),
    "block": CategoricalDistribution(["plain", "residual", "never"]),
}
SIZES = [(80, 24), (120, 40), (200, 60)]
TUNED = 40
Play = Callable[[Pilot], Awaitable[None]]


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """Read and measure as often as the study changes."""
    monkeypatch.setattr(apps, "READ_SECONDS", 0.0)
    for module in (importance, space):
        monkeypatch.setattr(module, "SECONDS", 0.0)
    monkeypatch.setattr(importance, "COST", math.inf)


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> str:
    """A study of 120 trials: 118 have ended, some of them pruned, two run."""
    return make_study(tmp_path_factory.mktemp("large") / "a.db", 120, running=2)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, empty_storage) -> str:
    """A study in which the rate decides everything, and 1 is the best."""
    file = tmp_path_factory.mktemp("tuned") / "a.db"
    url = storage_url(str(shutil.copyfile(empty_storage, file)))
    storage = open_storage(url)
    study = optuna.create_study(
        study_name="tuned", storage=storage, direction="maximize"
    )
    study.set_user_attr(CONFIG, {"val_images": 1000, "epochs": 4})
    for trial in range(TUNED):
        rate = 10 ** (4 * trial / (TUNED - 1) - 2)
        top = 0.9 - 0.2 * abs(math.log10(rate))
        add(
            study,
            [top / 2, top * 0.8, top * 0.9, top],
            rate=rate,
            width=8 + 17 * trial % 40,
        )
    add(study, [0.1], TrialState.PRUNED, rate=1.0, reason="3rd of 3 at epoch 1")
    state = SearchState(
        phase="searching", beat=1, host="", pid=1, version="", device="CPU", jobs=1,
        trials=50, seconds=9.0, rungs=(1, 3),
    )  # fmt: skip
    study.set_user_attr(STATE, state.to_dict())
    storage.engine.dispose()
    return url


@pytest.fixture
def study(storage):
    """A study without a trial."""
    return optuna.create_study(study_name="s", storage=storage, direction="maximize")


def add(
    study, curve, state=TrialState.COMPLETE, rate=1.0, width=8, **attributes
) -> None:
    study.add_trial(
        create_trial(
            state=state,
            value=max(curve) if state is TrialState.COMPLETE else None,
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs=attributes,
            params={
                "rate": rate,
                "width": width,
                "stages": 2 + width % 3,
                "block": ["plain", "residual"][width % 2],
            },
            distributions=DISTRIBUTIONS,
        )
    )


def play(url, person: Play, size=(120, 40), screen="overview", **how) -> Watch:
    """Run the screen on a study, and a person's part in it."""
    app = Watch(LiveFeed(url, None), screen=screen, **how)

    async def go() -> None:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.settled)
            await person(pilot)

    asyncio.run(go())
    return app


def seen(url, screen, size=(120, 40), keys=()) -> str:
    """Give the text of a panel after some keys."""
    found: list[str] = []

    async def look(pilot) -> None:
        for key in keys:
            await pilot.press(key)
        await pilot.pause(0.5 if keys else None)
        found.append(text(pilot.app))

    play(url, look, size, screen)
    return found[0]


def line(shown: str, word: str) -> str:
    return next(row for row in shown.splitlines() if word in row)


def moment_of(study):
    return History().update(snapshot(study), 0.0)


def drawn(name, values, scores, distribution) -> Drawn:
    """One parameter of trials with these scores."""
    study = optuna.create_study(direction="maximize")
    for value, score in zip(values, scores, strict=True):
        study.add_trial(
            create_trial(
                value=score, params={name: value}, distributions={name: distribution}
            )
        )
    (found,) = collect(snapshot(study).trials, {name: distribution})
    return found


async def every_panel(pilot) -> None:
    """Bring up each panel by its digit, and see that it fits."""
    for digit, (name, *_) in enumerate(PANELS, start=1):
        await pilot.press(str(digit))
        await until(pilot, lambda: pilot.app.panel.settled)
        await pilot.pause()
        shown = text(pilot.app)
        assert pilot.app.panel.id == name
        assert len(shown.splitlines()) == pilot.app.size.height
        assert "q Quit" in shown.splitlines()[-1]
        assert name in shown or name == "overview"


@pytest.mark.parametrize("size", [(60, 20), *SIZES])
def test_every_panel_fits_every_size_with_its_keys(size, tuned):
    play(tuned, every_panel, size)


def test_the_curves_name_their_own_keys_before_those_of_all_screens(tuned):
    names = [
        "← → Trial",
        "⏎ Open",
        "m Mark",
        "c Compare",
        "y Scale",
        "? Help",
        "q Quit",
    ]

    async def look(pilot) -> None:
        def keys() -> str:
            return text(pilot.app).splitlines()[-1]

        await until(pilot, lambda: "q Quit" in keys())
        assert all(name in keys() for name in names)
        assert "e Edit copy" not in keys()
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "e Edit copy" in keys())
        assert all(name in keys() for name in [*names, "space Pause"])
        assert "x Prune" not in keys()  # it is complete
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "e Edit copy" not in keys())
        assert "q Quit" in keys()

    play(tuned, look, (80, 24), "curves")


def test_every_panel_shows_a_study_without_trials(study, storage):
    play(storage.url, every_panel, (80, 24))


def test_every_panel_follows_the_size_of_the_terminal(tuned):
    async def resize(pilot) -> None:
        for size in ((200, 60), (60, 16), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await every_panel(pilot)
        for digit in range(1, len(PANELS) + 1):
            await pilot.press(str(digit))
            await pilot.resize_terminal(60 + 10 * digit, 16 + digit)
            await pilot.pause()
        await every_panel(pilot)

    play(tuned, resize, (120, 40))


def test_curves_are_named_by_the_best_and_the_running_trials(large):
    shown = seen(large, "curves")
    assert "* #" in line(shown, "rank 1 of 120")
    assert "#118" in shown
    assert "#119" in shown


def test_many_trials_are_a_band_with_a_sample_of_lines(large):
    assert "dotted: the middle half of 118 ended" in seen(large, "curves")


def test_few_trials_are_a_line_each(study):
    for trial in range(curves.BAND_FROM):
        add(study, [0.1, trial / 100])
    crowd = curves.crowd(moment_of(study))
    assert crowd.band is None
    assert len(crowd.lines) == curves.BAND_FROM


def test_a_band_holds_the_middle_half_of_the_trials_that_came_to_an_epoch():
    class Row:
        def __init__(self, *curve):
            self.curve = curve

    rows = [*(Row(n / 100, n / 10) for n in range(1, 10)), Row(0.5), Row(math.nan)]
    band = curves.band(rows)
    assert band.xs == (1, 2)
    assert (band.low[1], band.middle[1], band.high[1]) == pytest.approx((0.3, 0.5, 0.7))
    rows = [Row(0.1, 0.2)] + [Row(0.1)] * 9
    assert curves.band(rows).xs == (1,)  # one trial is no crowd


def test_the_sample_keeps_its_trials_when_another_one_ends(study):
    for _ in range(curves.BAND_FROM + 40):
        add(study, [0.5])
    before = {trial for trial, _ in curves.crowd(moment_of(study)).lines}
    add(study, [0.5])
    after = {trial for trial, _ in curves.crowd(moment_of(study)).lines}
    assert len(before) == len(after) == curves.SAMPLE
    assert len(before & after) >= curves.SAMPLE - 1


def test_arrows_choose_trials_by_rank(tuned):
    async def press(pilot) -> None:
        panel, ranked = pilot.app.panel, pilot.app.moment.ranked
        assert panel.selected == ranked[0].trial
        await pilot.press("right", "right", "left", "down")
        assert panel.selected == ranked[2].trial
        assert f"● #{ranked[2].trial} " in line(text(pilot.app), "rank 3 of")
        await pilot.press("G")
        assert panel.selected == ranked[-1].trial
        await pilot.press("right", "g", "left")
        assert panel.selected == ranked[0].trial

    play(tuned, press, screen="curves")


def test_enter_opens_the_chosen_trial(tuned):
    async def press(pilot) -> None:
        chosen = pilot.app.moment.ranked[1].trial
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))
        assert pilot.app.screen.selected == chosen

    play(tuned, press, screen="curves")


def test_y_changes_the_scale_of_the_curves(tuned):
    async def press(pilot) -> None:
        for scale in ("zoom", "full", "log", "zoom"):
            assert f"scale: {scale}" in text(pilot.app)
            await pilot.press("y")
            await pilot.pause()

    play(tuned, press, screen="curves")


def test_rungs_are_marked_and_told(tuned):
    shown = seen(tuned, "curves")
    assert "judged at 1, 3" in shown
    assert "┊" in shown


def test_curves_are_summed_up_anew_only_when_a_trial_has_ended(tuned, monkeypatch):
    calls = []
    crowd = curves.crowd
    monkeypatch.setattr(curves, "crowd", lambda m: calls.append(m) or crowd(m))

    async def again(pilot) -> None:
        pilot.app.panel.show(pilot.app.moment)
        await pilot.press("right", "y")

    play(tuned, again, screen="curves")
    assert len(calls) == 1


def test_importance_says_how_many_trials_it_still_needs(study, storage):
    for _ in range(5):
        add(study, [0.5])
    add(study, [0.1], TrialState.PRUNED)
    shown = seen(storage.url, "importance", (80, 24))
    assert "too few trials to tell what matters" in shown
    assert "5 complete, 6 with a first epoch; it takes 8 that are" in shown


def test_importance_of_paused_trials_is_by_the_rung_that_most_came_to(study, storage):
    for trial in range(30):
        rate, paused = 0.1 + trial, {"status": "paused"}
        score = trial / 40
        add(study, [0.1, score, score / 2], TrialState.RUNNING, rate=rate, **paused)
    for trial in range(6):
        add(study, [0.1, 0.8, 0.2, 0.9], rate=31.0 + trial)
    for _ in range(4):
        add(study, [0.2], TrialState.PRUNED)
    state = SearchState(
        phase="ended", beat=1, host="", pid=1, version="", device="CPU", jobs=1,
        trials=40, seconds=9.0, rungs=(1, 3),
    )  # fmt: skip
    study.set_user_attr(STATE, state.to_dict())
    shown = seen(storage.url, "importance", (160, 40))
    assert "importance · by val accuracy at epoch 3, of 36 trials, PED-ANOVA" in shown
    assert "rate (log) against val accuracy at epoch 3" in shown
    assert line(shown, "> rate").split()[1] == "rate"
    rows, epoch = comparable(snapshot(study).trials, (1, 3))
    assert (len(rows), epoch, rows[-1].val_accuracy) == (36, 3, 0.8)


def test_what_decides_is_the_most_important(tuned):
    shown = seen(tuned, "importance")
    assert f"{TUNED} complete trials only, PED-ANOVA" in shown
    rows = shown.splitlines()
    assert rows[4].startswith("│> rate ")
    assert "rate (log) against val accuracy" in shown
    assert "best quarter: 0.44 to 2.3 (8 in 10 of 10 trials)" in shown


def test_the_slice_follows_the_cursor(tuned):
    async def press(pilot) -> None:
        await pilot.press("down", "j", "k")
        await pilot.pause()
        name = pilot.app.panel.table.current.drawn.name
        assert name != "rate"
        assert f"{name} against val accuracy" in text(pilot.app)
        assert pilot.app.panel.query_one(Slice)._subject.name == name

    play(tuned, press, (80, 24), "importance")


def test_choices_stand_side_by_side_with_how_they_did(tuned):
    async def press(pilot) -> None:
        pilot.app.panel.table.move_to("block")
        await pilot.pause()
        shown = text(pilot.app)
        assert "plain" in line(shown, "residual")
        for title in ("median", "best", "trials"):
            assert title in shown
        assert line(shown, "trials  ").split().count("20") == 2

    play(tuned, press, (120, 40), "importance")


def test_importance_is_measured_only_for_more_complete_trials(
    study, storage, monkeypatch
):
    for trial in range(8):
        add(study, [0.1, trial / 10], rate=0.1 + trial)
    calls = []
    measure = importance.measure
    monkeypatch.setattr(
        importance,
        "measure",
        lambda rows, d: calls.append(len(rows)) or measure(rows, d),
    )

    async def watch(pilot) -> None:
        add(study, [0.1], TrialState.PRUNED)
        await until(pilot, lambda: len(pilot.app.moment.study.trials) == 9)
        add(study, [0.1, 0.9], rate=5.0)
        await until(pilot, lambda: "9 complete trials" in text(pilot.app))

    play(storage.url, watch, screen="importance")
    assert calls == [8, 9]


def test_importance_waits_its_time_and_then_measures_what_is_new(
    study, storage, monkeypatch
):
    monkeypatch.setattr(importance, "SECONDS", 3600.0)
    for _ in range(8):
        add(study, [0.1])

    async def watch(pilot) -> None:
        panel = pilot.app.panel
        add(study, [0.9])
        await until(pilot, lambda: panel._waits)
        assert not panel.settled
        panel._again()  # an hour later
        await until(pilot, lambda: panel.settled)
        assert "9 complete trials" in panel.table.border_title

    play(storage.url, watch, screen="importance")


def test_trials_that_are_all_alike_make_nothing_important(study):
    for trial in range(8):
        add(study, [0.5], rate=1.0 + trial, width=8 + trial)
    found = importance.measure(snapshot(study).trials, DISTRIBUTIONS)
    assert {weighed.share for weighed in found} == {0.0}


def test_values_that_are_out_of_the_space_by_now_are_left_out(study):
    for trial in range(9):
        add(study, [0.1 * trial], rate=1.0 + trial, width=8 + trial)
    now = {"rate": FloatDistribution(1.0, 5.0), "block": DISTRIBUTIONS["block"]}
    found = importance.measure(snapshot(study).trials, now)
    assert {weighed.drawn.name for weighed in found} == {"rate", "block"}


def test_a_measurement_that_fails_says_why(tuned, monkeypatch):
    def fail(rows, distributions):
        raise ValueError("no such thing")

    monkeypatch.setattr(importance, "measure", fail)

    async def look(pilot) -> None:
        await until(pilot, lambda: "no such thing" in text(pilot.app))

    play(tuned, look, screen="importance")


def test_space_shows_where_the_best_quarter_lies(tuned):
    shown = seen(tuned, "space")
    assert "where the best 11 of 41 trials lie" in shown
    rate = line(shown, "rate")
    assert "0.01 to 100 log" in rate
    strip = rate[rate.index("log") + 3 : rate.index("0.89")].strip()
    assert set(strip[:8]) == {"·"}  # tried, but not good
    assert set(strip[-8:]) == {"·"}
    assert max(strip) in "▆▇█"


def test_of_equal_trials_as_many_are_in_the_best_quarter_as_is_said():
    block = CategoricalDistribution(["plain", "residual"])
    found = drawn("block", ["plain", "residual"] * 4, [0.5] * 6 + [0.1] * 2, block)
    assert sum(group.best_quarter for group in found.groups()) == 2
    assert "*plain" in space.strip(found, 60)


def test_space_tells_the_best_trials_values(tuned):
    async def look(pilot) -> None:
        best = pilot.app.moment.best
        assert f"best #{best.trial}" in text(pilot.app)
        assert pilot.app.panel.table.current.best == number(best.params["rate"])

    play(tuned, look, screen="space")


def test_few_numbers_of_the_space_stay_in_their_order_however_narrow_it_is():
    width = IntDistribution(16, 64, step=8)
    values = [16, 16, 24, 40, 40, 40, 64, 64]
    scores = [0.1, 0.2, 0.3, 0.6, 0.7, 0.8, 0.4, 0.5]
    found = drawn("width", values, scores, width)
    for cells in (60, 28):
        words = space.strip(found, cells).split()
        numbers = [int("".join(filter(str.isdigit, word))) for word in words]
        assert numbers == [16, 24, 32, 40, 48, 56, 64]
    short = space.strip(found, 16)
    assert short.startswith("16 ")
    assert short.endswith(" 64")
    assert len(short) <= 16


def test_numbers_that_are_evenly_apart_are_written_so():
    values, scores = [0.8, 0.82, 0.85, 0.9], [0.1, 0.2, 0.3, 0.4]
    found = drawn("momentum", values, scores, FloatDistribution(0.8, 0.9))
    canvas = Canvas(50, 14, ascii_only=False)
    slices.draw(found, canvas)
    last = [*canvas.lines()][-1]
    assert "0.825" in "".join(each for each, _ in last)


def test_choices_of_the_space_are_words_with_a_star_at_the_best():
    block = CategoricalDistribution(["plain", "residual", "never"])
    values = ["plain"] * 4 + ["residual"] * 4
    scores = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    found = drawn("block", values, scores, block)
    assert space.strip(found, 60) == "plain·  *residual▅  never"
    assert space.strip(found, 20) == "*residual▅ plain·"  # the best one first
    assert "residual: 2 of 4 (80.0%)" in space.describe(found)
    assert space.middle(found) == "residual"


def test_space_describes_the_row_under_the_cursor(tuned):
    shown = seen(tuned, "space", keys=["j"])
    assert "width, 8 to 64" in shown
    assert ", median " in shown


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.00081, "8.1e-4"), (1e-6, "1e-6"), (3.0, "3"), (0.05, "0.05"), (128, "128"),
     (0.0, "0"), (1234, "1234"), (-0.5, "-0.5")],
)  # fmt: skip
def test_numbers_are_written_short(value, written):
    assert number(value) == written


def test_most_of_the_best_quarter_is_said_where_there_are_many():
    values = np.linspace(0, 1, 100)
    found = drawn("x", values, values, FloatDistribution(0, 1))
    assert found.sentence() == "best quarter: 0.78 to 0.98 (8 in 10 of 25 trials)"
    few = drawn("x", values[:8], values[:8], FloatDistribution(0, 1))
    assert few.sentence().endswith("(all 2 trials)")
    one = drawn("x", values[:2], values[:2], FloatDistribution(0, 1))
    assert one.sentence().endswith("(its only trial)")


def test_few_whole_numbers_are_choices():
    names, read = reading(IntDistribution(16, 64, step=16))
    assert names == ("16", "32", "48", "64")
    assert (read(48), read(50)) == (2, None)
    assert reading(IntDistribution(16, 96))[0] == ()


def test_what_cannot_lie_on_a_logarithmic_range_is_left_out():
    _, read = reading(FloatDistribution(0.1, 1.0, log=True))
    assert (read(0.5), read(0.0), read("none")) == (0.5, None, None)


def test_a_parameter_that_only_some_trials_have_has_only_their_values(study):
    add(study, [0.5])
    add(study, [0.6])
    rows = snapshot(study).trials
    found = collect(rows, {**DISTRIBUTIONS, "other": FloatDistribution(0, 1)})
    assert {each.name for each in found} == set(DISTRIBUTIONS)
    assert collect((), DISTRIBUTIONS) == ()


def test_the_log_tells_what_happened_in_signs_and_words(study, storage):
    add(study, [0.5, 0.75])
    add(study, [0.1], TrialState.PRUNED, reason="2nd of 2 at epoch 1")
    add(study, [], TrialState.FAIL, reason="out\nof memory")
    send(study, "prune", trial=1)
    shown = seen(storage.url, "log")
    assert "*     #0  complete: 75.0% after 2 epochs, the best so far" in shown
    assert "⊘     #1  pruned after 1 epoch: 2nd of 2 at epoch 1" in shown
    assert "×     #2  failed after 0 epochs: out of memory" in shown
    assert "asked to prune trial 1: not taken yet" in shown


def test_who_once_led_is_not_the_best_when_it_ends_behind_another(study):
    now, history = time.time(), History()
    for curve, ends in (
        ([0.5, 0.8, 0.8], [now - 9, now - 7, now - 1]),
        ([0.1, 0.9], [now - 8, now - 5]),
    ):
        epochs = [[end, 1, 1, 1, 1, 1] for end in ends]
        add(study, curve, TrialState.RUNNING, epochs=epochs)
    history.update(snapshot(study), now)
    study.tell(1, 0.9)
    study.tell(0, 0.8)
    moment = history.update(snapshot(study), now)
    assert [step.trial for step in moment.best_so_far] == [0, 0, 1]
    assert moment.winners == {1}


def test_the_log_tells_of_pauses_as_no_news_of_the_best(study, storage):
    pauses = [[1.0, 1, "1st of 1 at epoch 1", 2.0], [3.0, 2, "1st of 1 at epoch 2", 0]]
    pauses[1][-1] = None
    told = {"status": "paused", "reason": "1st of 1 at epoch 2", "pauses": pauses}
    epochs = [[1.0, 1, 1, 1, 1, 1], [3.0, 1, 1, 1, 1, 1]]
    add(study, [0.5, 0.75], TrialState.RUNNING, epochs=epochs, **told)
    shown = seen(storage.url, "log")
    assert "‖     #0  paused after 1 epoch: 1st of 1 at epoch 1" in shown
    assert "▸     #0  promoted after 1 epoch" in shown
    assert "‖     #0  paused after 2 epochs: 1st of 1 at epoch 2" in shown
    assert "the best so far" not in shown


def test_paused_trials_are_among_the_curves(study, storage):
    for trial in range(3):
        add(study, [0.5, 0.6 + trial / 10], TrialState.RUNNING, status="paused")
    found = snapshot(study)
    moment = History().update(found, now=9.0)
    assert [trial for trial, _ in curves.crowd(moment).lines] == [0, 1, 2]
    assert curves.crowd(moment).told == "3 ended or paused"


def test_the_log_follows_the_end_until_it_is_scrolled_up(study, storage):
    for _ in range(30):
        add(study, [0.5])

    async def scroll(pilot) -> None:
        lines = pilot.app.panel.lines
        assert lines.is_vertical_scroll_end
        await pilot.press("g")
        await until(pilot, lambda: not lines.follows)
        await until(pilot, lambda: lines.scroll_y == 0)
        top = lines.below
        add(study, [0.6])
        await until(pilot, lambda: lines.below > top)
        assert lines.scroll_y == 0
        await until(pilot, lambda: f"{lines.below} lines below" in text(pilot.app))
        await pilot.press("G")
        await until(pilot, lambda: lines.follows)
        add(study, [0.7])
        await until(pilot, lambda: "70.0%" in text(pilot.app))

    play(storage.url, scroll, (80, 24), "log")


def test_the_log_is_filtered_by_words(large):
    async def search(pilot) -> None:
        await pilot.press("slash", *"pruned", "space", *"#17")
        await pilot.pause()
        shown = text(pilot.app)
        assert "filter: pruned #17" in shown
        assert all("#17 " not in row for row in shown.splitlines() if "started" in row)
        await pilot.press("enter")
        assert isinstance(pilot.app.focused, Lines)
        await pilot.press("escape")
        await pilot.pause()
        assert not pilot.app.panel.query_one(Input).display
        total = len(pilot.app.moment.news)
        assert f"{total} of {total} lines" in text(pilot.app)

    play(large, search, screen="log")


def test_a_filter_that_matches_nothing_says_so(large):
    shown = seen(large, "log", keys=["slash", *"nonsense"])
    assert "no line has all of these words" in shown


def test_only_lines_in_sight_are_written(large, monkeypatch):
    written = []
    write = Lines.line
    monkeypatch.setattr(
        Lines, "line", lambda self, y: written.append(y) or write(self, y)
    )
    app = play(large, lambda pilot: pilot.pause(), (80, 24), "log")
    assert len(set(written)) < 24 < len(app.moment.news)


def test_the_log_copies_without_a_frame(large):
    async def copy(pilot) -> None:
        lines = pilot.app.panel.lines
        copied, _ = lines.get_selection(Selection(None, None))
        assert len(copied.splitlines()) == len(pilot.app.moment.news)
        assert "│" not in text(pilot.app).split("lines")[1].split("follows")[0]
        pilot.app.screen.selections = {lines: Selection(None, None)}
        await pilot.pause()

    play(large, copy, screen="log")


@pytest.mark.parametrize("size", SIZES)
def test_help_fits_and_tells_of_pruning_and_leaving(size, tuned):
    shown = seen(tuned, "overview", size, ["question_mark"])
    assert "x     Prune: give the chosen trial up" in shown
    assert "p     Promote: let a paused trial go on" in shown
    assert "q then d leaves, the search goes on; back: autocnn watch tuned" in shown
    for sign in SIGNS.values():
        assert sign in shown


def test_help_of_a_search_begun_here_says_how_to_detach(tuned):
    async def ask(pilot) -> None:
        await pilot.press("question_mark")
        left = "q then d leaves, the search goes on"
        await until(pilot, lambda: left in text(pilot.app))

    play(tuned, ask, owned=True)


def test_help_names_every_key_of_the_app_the_overview_and_the_tables(tuned):
    async def ask(pilot) -> None:
        await pilot.press("f1")
        await pilot.pause()
        shown = text(pilot.app)
        names: dict[str, list[str]] = {}
        for binding in (*Actions.KEYS, *Overview.BINDINGS, *Table.BINDINGS):
            assert isinstance(binding, Binding)
            names.setdefault(binding.key, []).append(binding.description)
        # A key that pauses or resumes has the name of what it does now.
        assert all(any(name in shown for name in each) for each in names.values())

    play(tuned, ask, (120, 50))


def test_help_tells_the_keys_of_the_panel_it_is_asked_on(tuned):
    shown = seen(tuned, "curves", (120, 50), ["question_mark"])
    assert "← →" in line(shown, "Trial ")
    assert "Scale" in shown
    assert "Up" not in shown  # there it chooses a trial
    assert "Follow the end" in seen(tuned, "log", (120, 50), ["question_mark"])


def test_help_goes_away_and_the_screen_stays(tuned):
    async def ask(pilot) -> None:
        for key in ("escape", "question_mark", "q"):
            await pilot.press("question_mark")
            await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(pilot.app.screen, HelpScreen))
        assert pilot.app.is_running

    play(tuned, ask)
