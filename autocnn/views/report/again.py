"""How to do a search again: its commands, its recipe, and what it ran on and with."""

import shlex
import time
from collections.abc import Iterator, Mapping

from autocnn.store.environment import Environment
from autocnn.views.report.blocks import Block, Code, Section, Table, Text
from autocnn.views.report.contents import Report
from autocnn.views.tables import plural

OPTIONS: Mapping[str, str] = {
    "study": "--study",
    "epochs": "--epochs",
    "folds": "--folds",
    "sampler": "--sampler",
    "pruner": "--pruner",
    "seed": "--seed",
}
"""What of a study's settings goes on a command line."""
LIMITS: Mapping[str, str] = {
    "parameters": "--max-params",
    "flops": "--max-flops",
    "epoch_seconds": "--max-epoch-time",
    "latency": "--max-latency",
}


def environment(report: Report) -> Section:
    """What it ran on."""
    state, config = report.study.state, report.study.config
    rows: list[tuple[str, str]] = []
    if state is not None:
        workers = f"{plural(state.jobs, 'worker')} at once" if state.jobs else ""
        rows.append(("device", ", ".join(filter(None, [state.device, workers]))))
        rows.append(("host", state.host))
    if config:
        rows.append(("seed", str(config["seed"])))
        rows.append(("data fingerprint", str(config["fingerprint"])))
    known = report.runs[-1] if report.runs else report.now
    rows += [("system", known.system), ("processor", known.processor)]
    rows += known.versions.items()
    whose = (
        "as the last run of the search had them"
        if report.runs
        else "of what wrote this report: the study does not keep its own"
    )
    table = Table(
        columns=("", ""),
        rows=tuple(rows),
        caption=f"System, processor and versions are {whose}.",
    )
    return Section("environment", "Environment", (table,))


def reproduction(report: Report) -> Section:
    """What to type to come to the same."""
    config = report.study.config
    if not config:
        text = "This study was not made by autocnn: how it came about it does not say."
        return Section("again", "To do it again", (Text(text),))
    blocks: list[Block] = [
        Text(
            "The split of the images, the sampler and the weights follow from seed "
            f"{config['seed']}. With a time limit, what is trained also depends on how "
            "fast the machine is: the numbers then come out alike, not equal."
        ),
        *_commands(report),
    ]
    if report.recipe:
        blocks += [
            Text("The best network's recipe trains it again, without a search:"),
            Code(f"autocnn train recipe.toml {_source(report)}"),
            Code(report.recipe, "recipe.toml of the best network"),
        ]
    if not report.study.openings:
        study = shlex.quote(report.study.name)
        blocks += [
            Text(
                "This opens the sealed test set, once, and writes down what it tells:"
            ),
            Code(f"autocnn evaluate --study {study} {report.place}".strip()),
        ]
    return Section("again", "To do it again", tuple(blocks))


def command(report: Report) -> str:
    """Give the command that the study was searched with, or one that fits it."""
    return _typed(report.runs[0]) if report.runs else _composed(report)


def day(moment: float) -> str:
    """Write when something was."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def _commands(report: Report) -> Iterator[Block]:
    if len(report.runs) > 1:
        yield Text("It was searched in several runs, in this order:")
        lines = [f"{_typed(run)}  # {day(run.since)}" for run in report.runs]
        yield Code("\n".join(lines))
        return
    yield Code(command(report))
    if not report.runs:
        yield Text(
            "This command is put together from the study's settings: what else was "
            "typed, such as a time limit or a space file, the study does not keep."
        )


def _typed(run: Environment) -> str:
    """Write a command as a person typed it, without what a screen adds of its own."""
    words = list(run.words[1:])
    if "--announce" in words:
        place = words.index("--announce")
        del words[place : place + 2]
        words.remove("--plain")
    return shlex.join(["autocnn", *words])


def _composed(report: Report) -> str:
    config = dict(report.study.config) | {"study": report.study.name}
    words = ["autocnn", "search", _source(report)]
    for name, option in OPTIONS.items():
        if config.get(name) or (name == "seed" and name in config):
            words += [option, shlex.quote(str(config[name]))]
    for name, option in LIMITS.items():
        if name in config.get("limits", {}):
            limit = config["limits"][name]
            words += [option, f"{1000 * limit if name == 'latency' else limit:.10g}"]
    trials = report.study.total
    return " ".join([*words, "--trials", str(trials)])


def _source(report: Report) -> str:
    known = report.study.config.get("source") or report.data_name
    return shlex.quote(str(known))
