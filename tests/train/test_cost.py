"""Prices are measured for every line of the tables, and add up to a prediction."""

import dataclasses
import json

import pytest
import torch

from autocnn.choices import Choice
from autocnn.data.augmentations import AUGMENTATIONS
from autocnn.nets.activations import ACTIVATIONS
from autocnn.nets.blocks import make
from autocnn.nets.net import summarize
from autocnn.recipe import ImageShape, TrainSettings
from autocnn.train import calibrate, optimizers
from autocnn.train.cost import Calibration, epoch_seconds, reference, step_seconds, work
from autocnn.train.optimizers import OPTIMIZERS

SHAPE = ImageShape(height=32, width=32, channels=3, classes=10)
SMALL = ["conv 16 bias=false", "batch_norm", "gelu", "max_pool 4", "flatten"]


@pytest.fixture(scope="module")
def measured():
    return calibrate.measure(torch.device("cpu"), workers=1)


def test_every_line_of_the_tables_has_a_price(measured):
    assert set(measured.parameters) == set(OPTIMIZERS)
    assert set(measured.pixels) == {"", *AUGMENTATIONS}
    kinds = {type(make(Choice(name), (8, 4, 4))).__name__ for name in ACTIVATIONS}
    assert kinds <= set(measured.elements)


def test_prices_are_times(measured):
    groups = (measured.elements, measured.parameters, measured.pixels)
    assert all(price >= 0 for group in groups for price in group.values())
    assert all(0 < point.seconds < 1e-6 for point in measured.convolutions)
    assert measured.step > 0
    assert min(measured.dispatch.values()) > 0


def test_an_optimizer_that_fails_costs_only_its_own_price(monkeypatch):
    def refuse(*_, **__):
        raise NotImplementedError("no such kernel on this device")

    broken = dataclasses.replace(OPTIMIZERS["adagrad"], make=refuse, fused=())
    monkeypatch.setattr(optimizers, "OPTIMIZERS", OPTIMIZERS | {"adagrad": broken})
    found = calibrate._parameters(torch.device("cpu"))
    assert set(found) == set(OPTIMIZERS) - {"adagrad"}


def test_an_optimizer_without_a_price_costs_as_the_dearest(make_recipe):
    summary = summarize(make_recipe(SMALL), SHAPE)
    prices = {"sgd": 1e-9, "nadam": 5e-9}
    known = dataclasses.replace(reference(), parameters=prices)
    seconds = [
        step_seconds(known, summary, TrainSettings(optimizer=name), SHAPE)
        for name in ("nadam", "adagrad")
    ]
    assert seconds[0] == seconds[1]


def test_prices_survive_json(measured):
    text = json.dumps(measured.to_dict())
    assert Calibration.from_dict(json.loads(text)) == measured


@pytest.mark.parametrize("damage", [{"step": 1.0, "convolutions": []}, {"x": 1}])
def test_other_documents_are_no_prices(damage):
    with pytest.raises((TypeError, KeyError)):
        Calibration.from_dict(damage)


def test_the_reference_knows_all_that_a_search_can_draw():
    kinds = {type(make(Choice(name), (8, 4, 4))).__name__ for name in ACTIVATIONS}
    assert kinds <= set(reference().elements)
    assert set(OPTIMIZERS) <= set(reference().parameters)


@pytest.mark.parametrize(
    "dearer",
    [
        ["conv 32 bias=false", *SMALL[1:]],
        [SMALL[0], "batch_norm", "mish", *SMALL[3:]],
        [*SMALL[:3], "separable 16 kernel=5", *SMALL[3:]],
        ["conv 16 kernel=5 bias=false", *SMALL[1:]],
    ],
)
def test_more_work_is_predicted_to_take_longer(make_recipe, dearer):
    cheap, dear = (summarize(make_recipe(layers), SHAPE) for layers in (SMALL, dearer))
    assert work(dear) > 1.05 * work(cheap)
    settings = TrainSettings()
    seconds = [step_seconds(reference(), net, settings, SHAPE) for net in (cheap, dear)]
    assert seconds[0] < seconds[1]


def test_work_is_about_the_flops_of_a_network_of_convolutions(make_recipe):
    layers = [*["conv 48", "relu"] * 4, "global_avg_pool"]
    summary = summarize(make_recipe(layers), SHAPE)
    assert work(summary) == pytest.approx(summary.flops, rel=0.25)


def test_an_epoch_is_its_whole_batches_and_the_scoring(make_recipe):
    summary = summarize(make_recipe(SMALL), SHAPE)
    settings = TrainSettings(batch_size=100)

    def seconds(train_images, val_images):
        return epoch_seconds(
            reference(),
            summary,
            settings,
            SHAPE,
            train_images=train_images,
            val_images=val_images,
        )

    step = step_seconds(reference(), summary, settings, SHAPE)
    assert seconds(1050, 0) == pytest.approx(10 * step)
    assert seconds(1000, 500) > seconds(1000, 0)
    few = dataclasses.replace(settings, batch_size=40)
    assert seconds(40, 0) == pytest.approx(
        step_seconds(reference(), summary, few, SHAPE)
    )
