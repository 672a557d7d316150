"""Large studies as a search leaves them, made without training: for views to read."""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from sqlalchemy import Column, Connection, DateTime, Float, Integer, MetaData, String
from sqlalchemy import Table as SqlTable

from autocnn.storage import open_storage, storage_url
from autocnn.store.rows import CONFIG

DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "stages": IntDistribution(2, 4),
    "convs_per_stage": IntDistribution(1, 3),
    "width": IntDistribution(16, 96),
    "width_growth": FloatDistribution(1.0, 2.0),
    "block": CategoricalDistribution(["plain", "residual", "separable"]),
    "activation": CategoricalDistribution(["relu", "gelu", "silu", "mish"]),
    "conv_dropout": FloatDistribution(0.0, 0.3),
    "optimizer": CategoricalDistribution(["sgd", "adamw", "nadam"]),
    "learning_rate_factor": FloatDistribution(0.1, 10.0, log=True),
    "weight_decay": FloatDistribution(1e-6, 1e-2, log=True),
    "batch_size": CategoricalDistribution([64, 128, 256]),
    "label_smoothing": FloatDistribution(0.0, 0.2),
}
EPOCHS = 20
VAL_IMAGES = 5_000
_METADATA = MetaData()


def _table(name: str, *columns: tuple[str, Any]) -> SqlTable:
    return SqlTable(name, _METADATA, *(Column(word, kind) for word, kind in columns))


TRIALS = _table(
    "trials",
    ("trial_id", Integer),
    ("number", Integer),
    ("study_id", Integer),
    ("state", String),
    ("datetime_start", DateTime),
    ("datetime_complete", DateTime),
)
PARAMS = _table(
    "trial_params",
    ("trial_id", Integer),
    ("param_name", String),
    ("param_value", Float),
    ("distribution_json", String),
)
STEPS = _table(
    "trial_intermediate_values",
    ("trial_id", Integer),
    ("step", Integer),
    ("intermediate_value", Float),
    ("intermediate_value_type", String),
)
VALUES = _table(
    "trial_values",
    ("trial_id", Integer),
    ("objective", Integer),
    ("value", Float),
    ("value_type", String),
)
ATTRIBUTES = _table(
    "trial_user_attributes",
    ("trial_id", Integer),
    ("key", String),
    ("value_json", String),
)


def make_study(
    file: Path, trials: int, *, running: int = 0, paused: int = 0, seed: int = 0
) -> str:
    """Write a study of so many trials of up to 20 epochs; return its storage's URL.

    The last ones run; those before them are paused.
    """
    url = storage_url(str(file))
    storage = open_storage(url, create=True)
    study = optuna.create_study(
        study_name="large", storage=storage, direction="maximize"
    )
    config = {
        "data": "cifar10",
        "val_images": VAL_IMAGES,
        "train_images": 45_000,
        "epochs": EPOCHS,
        "sampler": "tpe",
        "pruner": "asha",
        "folds": 0,
        "seed": seed,
        "shape": {"height": 32, "width": 32, "channels": 3, "classes": 10},
    }
    study.set_user_attr(CONFIG, config)
    with storage.engine.begin() as connection:
        _fill(connection, study._study_id, trials, running, paused, seed)
    storage.engine.dispose()
    return url


def _fill(
    connection: Connection,
    study: int,
    trials: int,
    running: int,
    paused: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    begun = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    texts = {name: distribution_to_json(d) for name, d in DISTRIBUTIONS.items()}
    rows: dict[SqlTable, list[dict[str, Any]]] = {
        table: [] for table in (TRIALS, PARAMS, STEPS, VALUES, ATTRIBUTES)
    }
    for number in range(trials):
        alive = number >= trials - running - paused
        waits = alive and number < trials - running
        curve = list(_curve(random))
        if alive:
            curve = curve[: 3 if waits else 5]
        state = "RUNNING" if alive else "COMPLETE" if len(curve) == EPOCHS else "PRUNED"
        started = begun + timedelta(minutes=number)
        owner = {"trial_id": number + 1}
        ended = None if alive else started + timedelta(minutes=9)
        own = {"number": number, "study_id": study, "state": state}
        rows[TRIALS].append(
            owner | own | {"datetime_start": started, "datetime_complete": ended}
        )
        rows[PARAMS] += [
            owner
            | {
                "param_name": name,
                "param_value": _drawn(random, distribution),
                "distribution_json": texts[name],
            }
            for name, distribution in DISTRIBUTIONS.items()
        ]
        rows[STEPS] += [
            owner
            | {
                "step": step,
                "intermediate_value": accuracy,
                "intermediate_value_type": "FINITE",
            }
            for step, accuracy in enumerate(curve, start=1)
        ]
        if state == "COMPLETE":
            rows[VALUES].append(
                owner | {"objective": 0, "value": max(curve), "value_type": "FINITE"}
            )
        attributes = _attributes(random, curve, started, state)
        if waits:
            attributes |= _pause(attributes["epochs"])
        rows[ATTRIBUTES] += [
            owner | {"key": key, "value_json": json.dumps(value)}
            for key, value in attributes.items()
        ]
    for table, values in rows.items():
        if values:
            connection.execute(table.insert(), values)


def _pause(epochs: list[list[float]]) -> dict[str, Any]:
    why = f"20th of 40 at epoch {len(epochs)}"
    pauses = [[epochs[-1][0], len(epochs), why, None]]
    return {"status": "paused", "reason": why, "seconds": 75.0, "pauses": pauses}


def _curve(random: np.random.Generator) -> Iterator[float]:
    """Rise to a limit, with noise; two of three stop at a rung."""
    limit, pace = random.uniform(0.4, 0.93), random.uniform(2, 6)
    length = random.choice([3, 3, 9, EPOCHS])
    for epoch in range(1, length + 1):
        noise = random.normal(0, 0.005)
        yield min(0.999, max(0.1, limit * (1 - math.exp(-epoch / pace)) + noise))


def _drawn(random: np.random.Generator, distribution: BaseDistribution) -> float:
    match distribution:
        case CategoricalDistribution():
            return float(random.integers(len(distribution.choices)))
        case IntDistribution():
            return float(random.integers(distribution.low, distribution.high + 1))
        case FloatDistribution(log=True):
            low, high = math.log(distribution.low), math.log(distribution.high)
            return float(math.exp(random.uniform(low, high)))
        case FloatDistribution():
            return float(random.uniform(distribution.low, distribution.high))
        case _:
            raise AssertionError(distribution)


def _attributes(
    random: np.random.Generator, curve: list[float], started: datetime, state: str
) -> dict[str, Any]:
    parameters = int(random.integers(20_000, 3_000_000))
    at = started.replace(tzinfo=UTC).timestamp()
    found: dict[str, Any] = {
        "parameters": parameters,
        "flops": 40 * parameters,
        "key": f"{parameters:x}",
        "seed": 0,
        "planned_epochs": EPOCHS,
        "recipe": 'layers = [\n  "conv 32",\n  "relu",\n  "flatten",\n]\n' + 900 * " ",
        "epochs": [
            [at + 25 * number, 1.0, accuracy, 1.0, 25.0, 900.0]
            for number, accuracy in enumerate(curve, start=1)
        ],
    }
    if state != "RUNNING":
        place = int(random.integers(1, 40))
        why = "" if state == "COMPLETE" else f"{place}th of 40 at epoch {len(curve)}"
        found |= {"seconds": 25.0 * len(curve), "images_per_second": 900, "reason": why}
    return found
