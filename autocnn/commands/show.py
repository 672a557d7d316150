"""autocnn show: a trial or a recipe file, layer by layer."""

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from autocnn.commands.options import Place, format_option, place_options, study_option
from autocnn.commands.words import say

if TYPE_CHECKING:
    from autocnn.commands.references import Named
    from autocnn.nets.net import NetSummary


@click.command("show")
@click.argument("reference", metavar="TRIAL|FILE")
@click.option("--recipe", "as_recipe", is_flag=True, help="Print the recipe as TOML.")
@study_option
@format_option
@place_options
def command(
    reference: str, as_recipe: bool, study: str | None, form: str, place: Place
) -> None:
    """Show a trial (17, best, best-2) or a recipe FILE.toml.

    `autocnn show 17 --recipe > mine.toml`, an edit and `autocnn train mine.toml` close
    the loop between searching and tinkering.
    """
    from autocnn import recipe as recipes
    from autocnn.commands.references import find
    from autocnn.nets.net import summarize
    from autocnn.views import tables

    named = find(reference, study, place)
    if as_recipe:
        whole = dataclasses.replace(named.recipe, shape=named.shape)
        for line in recipes.dumps(whole).rstrip("\n").split("\n"):
            say(line)
        return
    summary = summarize(named.recipe, named.shape)
    match form:
        case "json":
            tables.write_json(_document(named, summary))
        case "csv":
            tables.write(_layers(summary), "csv")
        case _:
            _write_table(named, summary)


def _document(named: "Named", summary: "NetSummary") -> dict[str, Any]:
    from autocnn import recipe as recipes

    document: dict[str, Any] = {"name": named.label}
    if named.row is not None and named.study is not None:
        row = dataclasses.asdict(named.row)
        kept = ("trial", "state", "status", "val_accuracy", "epochs", "seconds")
        document |= {"study": named.study.name} | {name: row[name] for name in kept}
        document |= {
            name: row[name]
            for name in ("promotions", "latency", "reason", "params", "curve")
        }
    return document | {
        "parameters": summary.parameters,
        "running_statistics": sum(layer.buffers for layer in summary.layers),
        "flops": summary.flops,
        "activation_bytes": summary.activation_bytes,
        **predicted(named, summary),
        "input": dataclasses.asdict(named.shape),
        "layers": _layers(summary),
        "train": recipes.to_dict(named.recipe)["train"],
    }


USUAL_IMAGES = 45_000


def train_images(named: "Named") -> int:
    """Say how many images the trial learned from; of a file, CIFAR-10's are assumed."""
    config = named.study.config if named.study else {}
    return int(config.get("train_images", USUAL_IMAGES))


def predicted(named: "Named", summary: "NetSummary") -> dict[str, float | None]:
    """Predict an epoch on this machine, with so many workers; else None and None."""
    from autocnn.device import default_jobs, pick_device
    from autocnn.engines.machine import nearest_prices
    from autocnn.train import cost

    device = pick_device()
    found = nearest_prices(device, default_jobs(device))
    if found is None:
        return {"epoch_seconds": None, "epoch_workers": None}
    config = named.study.config if named.study else {}
    seconds = cost.epoch_seconds(
        found,
        summary,
        named.recipe.train,
        named.shape,
        train_images=train_images(named),
        val_images=int(config.get("val_images", USUAL_IMAGES // 9)),
    )
    return {"epoch_seconds": round(seconds, 4), "epoch_workers": found.workers}


def _layers(summary: "NetSummary") -> list[dict[str, Any]]:
    return [
        {
            "layer": layer.name,
            "output": list(layer.output),
            "parameters": layer.parameters,
            "running_statistics": layer.buffers,
        }
        for layer in summary.layers
    ]


def _write_table(named: "Named", summary: "NetSummary") -> None:
    from autocnn import recipe as recipes
    from autocnn.views import tables

    say(f"{named.label}: {named.shape}")
    if named.row is not None:
        _write_outcome(named)
    rows = [
        {
            "layer": layer.name,
            "output": "x".join(map(str, layer.output)),
            "parameters": layer.parameters,
        }
        for layer in summary.layers
    ]
    tables.write(rows, "table", columns=("layer", "output", "parameters"))
    say(
        f"{summary.parameters:,} trainable parameters, "
        f"{tables.count(summary.flops)}FLOPs an image; training keeps "
        f"{tables.count(summary.activation_bytes)}B of each image's maps in memory"
    )
    _write_prediction(named, summary)
    for name, value in recipes.to_dict(named.recipe)["train"].items():
        shown = ", ".join(value) if isinstance(value, list) else value
        say(f"  {name}: {shown}")


def _write_prediction(named: "Named", summary: "NetSummary") -> None:
    from autocnn.views import tables

    seconds, workers = predicted(named, summary).values()
    if seconds is None:
        say("a search measures how fast this machine trains: none did yet")
        return
    among = "one worker alone" if workers == 1 else f"each of {workers} workers at once"
    say(
        f"on this machine an epoch of {train_images(named):,} images takes about "
        f"{tables.duration(seconds)} (predicted, for {among})"
    )


def _write_outcome(named: "Named") -> None:
    from autocnn.store.aim import unit_of
    from autocnn.views import tables
    from autocnn.views.narrowed import narrowed

    row = named.row
    assert row is not None
    config = named.study.config if named.study else {}
    unit = unit_of(config)
    why = f" ({row.reason})" if row.reason else ""
    score = tables.score(row.val_accuracy, row.val_standard_error)
    say(
        f"{row.status}{why}: val accuracy {score} "
        f"in {tables.plural(row.epochs, unit)}, {tables.duration(row.seconds)}"
    )
    say(f"{unit}s: " + " ".join(f"{value:.1%}" for value in row.curve))
    say("drawn: " + tables.settings(row.params))
    if narrow := narrowed(config, row.params, row.recipe):
        say(f"width: {narrow}")
