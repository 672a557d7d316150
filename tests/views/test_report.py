"""What a report tells of a study: its honest figures, bounds, and hostile names."""

import dataclasses
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from autocnn.evaluation import evaluate
from autocnn.store.environment import environment
from autocnn.store.final import Final
from autocnn.store.honest import Estimate, Opening
from autocnn.store.rows import Pause, StudySnapshot, TrialRow
from autocnn.store.state import SearchState
from autocnn.views import exhibits, verdict
from autocnn.views.report import charts, figures, html, markdown, matrix, trials
from autocnn.views.report.again import command
from autocnn.views.report.blocks import Table
from autocnn.views.report.chapters import chapters
from autocnn.views.report.charts import alone, fractions, powers
from autocnn.views.report.contents import Report
from autocnn.views.report.result import headline

CONFIG = {
    "data": "tiny", "source": "my images", "fingerprint": "abc", "val_images": 1000,
    "shape": {"height": 8, "width": 8, "channels": 1, "classes": 3},
    "train_images": 4000, "epochs": 9, "folds": 0, "seed": 7, "sampler": "tpe",
    "pruner": "asha", "limits": {"parameters": 300_000.0, "latency": 0.005},
}  # fmt: skip
DISTRIBUTIONS = {
    "rate": FloatDistribution(0.001, 1.0, log=True),
    "block": CategoricalDistribution(("plain", "residual")),
}
HOSTILE = [
    "<script>alert(1)</script>", "a|b`c`", "[x](http://evil)", "猫の写真", "&lt;b&gt;",
    "\u202egnp.exe", "</textarea><img src=x onerror=alert(1)>", "bell\x07", "'\"",
]  # fmt: skip


def row(
    number: int, curve: list[float], status: str = "complete", **changes
) -> TrialRow:
    values = {
        "trial": number,
        "state": status,
        "status": status,
        "val_accuracy": max(curve, default=None),
        "val_standard_error": 0.01,
        "epochs": len(curve),
        "parameters": 1000 * (number + 1),
        "flops": 1e6,
        "seconds": 2.0 * len(curve),
        "params": {"rate": 0.001 * (1 + number % 900), "block": "plain"},
        "curve": tuple(curve),
        "reason": "",
        "recipe": "",
        "planned_epochs": 9,
        "started": 1000.0 + 10 * number,
        "ended": 1009.0 + 10 * number,
    }
    return TrialRow(**{**values, **changes})


def make(*rows: TrialRow, config=CONFIG, **changes) -> Report:
    of_study = {f.name for f in dataclasses.fields(StudySnapshot)}
    study = StudySnapshot(
        name=changes.pop("name", "tiny"),
        config=config,
        trials=rows,
        distributions=DISTRIBUTIONS,
        **{key: changes.pop(key) for key in [*changes] if key in of_study},
    )
    now = environment(device="", kind="", jobs=0, threads=0)
    return Report(study=study, histories={}, now=now, **changes)


def climb(top: float, epochs: int = 9) -> list[float]:
    return [top * (1 - 0.5**epoch) for epoch in range(1, epochs + 1)]


def looked_at(names: list[str]):
    """Evaluate answers that are wrong for the first image of each class."""
    labels = np.arange(2 * len(names)) % len(names)
    said = np.where(
        np.arange(len(labels)) < len(names), (labels + 1) % len(names), labels
    )
    shares = np.full((len(labels), len(names)), 0.1 / len(names))
    shares[np.arange(len(labels)), said] += 0.9
    images = [str(number) for number in range(len(labels))]
    return evaluate(shares, labels, classes=names, names=images)


def opening(accuracy: float, trial: int = 0) -> Opening:
    return Opening(
        trial=trial, final=False, weights=str(trial), accuracy=accuracy, images=500,
        at=2000.0, interval=(accuracy - 0.03, accuracy + 0.03),
    )  # fmt: skip


ESTIMATE = Estimate(
    val_accuracy=0.83, corrected=0.815, interval=(0.79, 0.84), test_images=500,
    networks=4, epochs=36,
)  # fmt: skip


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data):
        self.shown.append(data.strip())


def test_the_most_honest_figure_leads():
    rows = (row(0, climb(0.83)), row(1, climb(0.7)))
    assert "82.8% ±1.2 of 1,000 validation images" in headline(make(*rows))
    assert "may fare a little worse" in headline(make(*rows))
    corrected = headline(make(*rows, estimate=ESTIMATE))
    assert "expected to be right on 81.5% of new images" in corrected
    assert "(95 %: 79.0% to 84.0%" in corrected
    tested = make(*rows, estimate=ESTIMATE, openings=(opening(0.8), opening(0.9)))
    assert "right on 80.0% of 500 test images" in headline(tested)
    assert "77.0% to 83.0%" in headline(tested)
    assert "opened 2 times, so no longer sealed" in markdown.write(tested)


def test_a_score_of_another_network_is_not_told_of_the_best_one():
    rows = (row(0, climb(0.83)), row(1, climb(0.7)))
    found = make(*rows, estimate=ESTIMATE, openings=(opening(0.6, trial=1),))
    assert "expected to be right on 81.5% of new images" in headline(found)
    told = "of trial 1, which is not the best network now"
    assert told in markdown.write(found)
    (_, test) = verdict.sentences(found.study)
    assert "test accuracy 60.0%" in test
    assert test.endswith("of the network of trial 1, which is not the best now")


def test_a_sealed_test_set_stays_sealed_and_how_it_is_opened_is_told():
    text = markdown.write(make(row(0, climb(0.83)), place="--studies here"))
    assert "**still sealed**" in text
    assert "\nautocnn evaluate --study tiny --studies here\n" in text


def test_a_running_search_is_told_of_so_far():
    state = SearchState(
        phase="searching", beat=1, host="here", pid=1, version="", device="cpu", jobs=2,
        trials=9, seconds=60.0, rungs=(1, 3),
    )  # fmt: skip
    found = make(row(0, climb(0.83)), row(1, climb(0.5, 2), "running"), state=state)
    assert headline(found).startswith("So far, the best network found")


def test_curves_show_where_trials_were_judged():
    paused = row(1, climb(0.5, 3), "paused", pauses=(Pause(1.0, 3, "2nd of 2"),))
    assert "judged at 3" in figures.curves(make(row(0, climb(0.83)), paused))


def test_folds_are_no_learning_curves():
    final = Final(trial=0, epochs=12, status="complete", curve=tuple(climb(0.97, 12)))
    folded = [
        row(n, [0.8, 0.9, top], val_accuracy=(1.7 + top) / 3, planned_epochs=3)
        for n, top in enumerate([0.85, 0.7])
    ]
    found = make(*folded, config=CONFIG | {"folds": 3}, final=final)
    told = {each.title: each for each in chapters(found)}
    table, last = told["Folds"].blocks
    assert table.columns == ("trial", "mean", "lowest", "highest", "each fold")
    assert table.rows[0] == (
        "0", "85.0% ±1.0", "80.0%", "90.0%", "80.0%  90.0%  85.0%"
    )  # fmt: skip
    assert "final training: 97.0%" in last.svg
    assert "trial 0" not in last.svg
    assert "Learning curves" not in told
    assert "folds" in told["The best trials"].blocks[0].columns
    assert "mean over the trial's folds" in told["The best trials"].blocks[0].caption
    assert "all 2 were trained to the end" in told["What pausing saved"].blocks[0].text
    assert "complete after 3 folds" in figures.best_so_far(found)
    assert exhibits.CURVES not in exhibits.pictures(found)
    assert exhibits.trial_pictures(found, folded[0], None) == {}
    assert "complete after 3 folds" in exhibits.trial_note(found, folded[0], 1)


def test_what_pausing_saved_is_counted():
    found = make(
        row(0, climb(0.8)),
        row(1, climb(0.5, 1), "pruned", reason="2nd of 3 at epoch 1"),
        row(2, climb(0.6, 3), "paused", promotions=1),
        row(3, climb(0.4, 2), "running"),  # it may still go on
        row(4, [], "failed"),
    )
    lead, table = trials.saved(found).blocks
    assert "2 of 3 trials stopped early. 13 epochs were trained" in lead.text
    assert "would have been 27: 52% was spared, about 28s" in lead.text
    assert "1 trial went on after a pause" in lead.text
    assert [line[0] for line in table.rows] == ["1 epoch", "3 epochs", "9 epochs"]
    assert table.rows[0][-1] == "2nd of 3 at epoch 1"


def test_the_final_training_is_the_result_if_it_is_better():
    final = Final(trial=0, epochs=12, status="complete", curve=tuple(climb(0.9, 12)))
    found = make(row(0, climb(0.8)), final=final)
    assert found.final
    assert found.val_accuracy == max(final.curve)
    assert "final training: 90.0%" in figures.final_curve(found)
    worse = dataclasses.replace(final, curve=(0.2,))
    assert not make(row(0, climb(0.8)), final=worse).final


def test_hostile_names_are_text_and_nothing_else():
    names = HOSTILE
    rows = [
        row(n, climb(0.5 + n / 50), reason=name, params={"block": name, "rate": 0.1})
        for n, name in enumerate(names)
    ]
    found = make(
        *rows,
        row(50, climb(0.3, 2), "pruned", reason=names[0]),
        name=names[0],
        config={**CONFIG, "source": names[6], "data": names[2]},
        evaluation=looked_at(names),
        recipe="```\n</script><script>alert(2)</script>",
        card={"study": names[0], "val_accuracy": 0.7},
    )
    plain = Elements(html.write(make(row(0, climb(0.8)), row(1, climb(0.7)))))
    page = Elements(html.write(found))
    assert page.found.count("script") == plain.found.count("script")
    assert {"textarea", "b"} & set(page.found) == set()
    assert set(names[:1] + names[3:5]) <= set(page.shown)
    text = markdown.write(found)
    for start in re.findall(r"(?:^|[^\\])(<[a-z/]|\]\()", _without_code(text)):
        raise AssertionError(start)
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def _without_code(text: str) -> str:
    return re.sub(r"^(`{3,})text\n.*?\n\1$", "", text, flags=re.MULTILINE | re.DOTALL)


def test_cells_of_a_row_stay_in_their_columns():
    found = make(row(0, climb(0.8)), evaluation=looked_at(HOSTILE))
    for section in chapters(found):
        tables = [block for block in section.blocks if isinstance(block, Table)]
        assert all(len(line) == len(t.columns) for t in tables for line in t.rows)
        for line in markdown.section(section).splitlines():
            if line.startswith("| ") and "a\\|b" in line:
                assert len(re.findall(r"(?<!\\)\|", line)) in {5, 6}


def test_figures_are_images_that_stand_alone():
    last = Final(trial=0, epochs=9, status="complete", curve=tuple(climb(0.9)))
    found = make(
        *(row(n, climb(0.3 + n / 100)) for n in range(40)),
        row(40, [float("nan"), 0.1], "failed"),
        final=last,
        evaluation=looked_at(HOSTILE),
    )
    drawn = [
        figures.best_so_far(found), figures.curves(found), figures.final_curve(found),
        figures.pareto(found), matrix.confusion(found.evaluation),
    ]  # fmt: skip
    for picture in drawn:
        root = ElementTree.fromstring(alone(picture))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "nan" not in picture


def test_a_thousand_trials_and_a_hundred_classes_stay_readable():
    names = [f"class {number}" for number in range(100)]
    rows = [row(n, climb(0.3 + n / 3000)) for n in range(1000)]
    found = make(*rows, evaluation=looked_at(names))
    text = html.write(found)
    plotly = max(re.findall("<script>.*?</script>", text, re.DOTALL), key=len)
    assert len(text) - len(plotly) < 1_500_000
    assert figures.curves(found).count("<polyline") <= figures.MOST_CURVES
    assert 'class="chart matrix"' not in text
    assert "The 40 of 100 classes" in text


def test_of_very_many_trials_the_best_and_a_sample_are_drawn():
    found = make(*(row(n, climb(0.3 + n % 997 / 3000)) for n in range(5000)))
    for picture in (figures.best_so_far(found), figures.pareto(found)):
        assert 500 <= picture.count("<circle") <= 1100
    best = found.ranked[0]
    assert f"trial {best.trial}: " in figures.best_so_far(found)
    picture, table = trials.costs(found).blocks
    assert "Of 5,000 trials the best and a sample" in picture.caption
    assert len(table.rows) <= 20
    assert table.rows[-1][0] == str(best.trial)


def test_a_study_with_one_trial_of_one_epoch_is_reported():
    assert "only" not in headline(make(row(0, [0.5])))
    assert "1 complete trial: from fewer than 8" in markdown.write(make(row(0, [0.5])))
    html.write(make(row(0, [0.5]), config={}))


def test_the_command_is_put_together_where_it_was_not_kept():
    found = make(row(0, climb(0.8)))
    assert command(found) == (
        "autocnn search 'my images' --study tiny --epochs 9 --sampler tpe "
        "--pruner asha --seed 7 --max-params 300000 --max-latency 5 --trials 1"
    )
    run = environment(device="cpu", kind="cpu", jobs=1, threads=1)
    typed = ("__main__.py", "search", "my images", "--timeout", "30m")
    screen = (*typed, "--plain", "--announce", "/tmp/x/ready")
    for words in (typed, screen):
        kept = dataclasses.replace(found, runs=(dataclasses.replace(run, words=words),))
        assert command(kept) == "autocnn search 'my images' --timeout 30m"


def test_axes_place_values():
    axis = powers(10.0, 1000.0, "", str)
    assert axis.share(100.0) == pytest.approx(0.5)
    assert [value for value, _ in axis.named] == [10, 20, 50, 100, 200, 500, 1000]
    assert [text for _, text in fractions(0.7, 0.8, "").named][:2] == ["70%", "72%"]


def test_what_lies_below_the_axis_points_there():
    plane = charts.Plane(charts.numbers(0, 10, ""), fractions(0.5, 1.0, ""))
    assert charts.dot((1, 0.6), "first")(plane).startswith("<circle")
    below = charts.dot((1, 0.1), "first", "trial 3: 10%")(plane)
    assert below.startswith('<path class="dot first"')
    assert "trial 3: 10%" in below
