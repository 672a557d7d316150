"""The written training takes the steps that the recipe's own takes."""

import copy
import dataclasses

import pytest
import torch
from torch import nn
from torch.nn import functional

from autocnn.choices import Choice
from autocnn.data.augmentations import AUGMENTATIONS
from autocnn.deliver.export.trainer import optimizer, train_py
from autocnn.nets.initializations import INITIALIZATIONS
from autocnn.recipe import TrainSettings
from autocnn.train.optimizers import OPTIMIZERS, decayed, make_optimizer
from autocnn.train.schedules import SCHEDULES, make_schedule


def steps(net, made):
    images, labels = torch.linspace(-1, 1, 160).view(10, 1, 4, 4), torch.arange(10) % 3
    for _ in range(5):
        made.zero_grad()
        functional.cross_entropy(net(images), labels).backward()
        made.step()
    return torch.cat([each.detach().flatten() for each in net.parameters()])


@pytest.mark.parametrize("momentum", [None, 0.0, 0.8])
@pytest.mark.parametrize("epsilon", [None, 1e-5])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_moves_the_weights_as_ours_does(name, epsilon, momentum):
    settings = TrainSettings(
        optimizer=name,
        learning_rate=OPTIMIZERS[name].learning_rate,
        momentum=momentum,
        epsilon=epsilon,
        weight_decay=0.01,
    )
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    written = copy.deepcopy(ours)
    names = {
        "torch": torch,
        "decayed": decayed,
        "net": written,
        "WEIGHT_DECAY": settings.weight_decay,
        "LEARNING_RATE": settings.learning_rate,
    }
    made = eval(str(optimizer(settings)), names)
    expected = steps(ours, make_optimizer(ours, settings))
    assert torch.allclose(steps(written, made), expected, atol=1e-5)


@pytest.fixture
def module(network):
    """Write train.py for other settings, and run all but its main."""

    def write(**changes):
        train = dataclasses.replace(network.recipe.train, **changes)
        recipe = dataclasses.replace(network.recipe, train=train)
        text = train_py(dataclasses.replace(network, recipe=recipe))
        # What lies beside it is tested with it, elsewhere.
        for line in ("from images import read\n", "from model import "):
            assert line in text
        lines = [x for x in text.splitlines() if not x.startswith("from model import")]
        body = "\n".join(lines).replace("from images import read\n", "\n")
        names = {"__name__": "train", "Net": nn.Module, "CLASSES": ("a", "b", "c")}
        exec(body, names)
        return text, names

    return write


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_the_same_function(module, name):
    text, names = module(schedule=Choice(name), epochs=3)
    ours = make_schedule(Choice(name), 21)
    line = next(x for x in text.splitlines() if "rate = LEARNING_RATE * " in x)
    factor = line.partition(" * ")[2]
    for step in range(21):
        there = eval(factor, names | {"step": step, "batches": 7})
        assert there == ours(step)


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_every_initialization_is_the_same_function(module, name):
    text, names = module(initialization=name)
    line = next((x for x in text.splitlines() if "net.apply(" in x), None)
    assert (line is None) == (name == "default")
    if line is None:
        return
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Linear(16, 3))
    theirs = copy.deepcopy(ours)
    torch.manual_seed(1)
    ours.apply(INITIALIZATIONS[name])
    torch.manual_seed(1)
    eval(line.strip(), names | {"net": theirs})
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("arguments", [(), (0.3,)])
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_every_augmentation_varies_images_as_ours_does(module, name, arguments):
    row, choice = AUGMENTATIONS[name], Choice(name, arguments)
    text, names = module(augmentation=(choice,))
    pixels = (torch.arange(5 * 8 * 8) % 251).byte().view(5, 8, 8, 1)
    images = pixels.float().permute(0, 3, 1, 2)
    ours, theirs = (torch.Generator().manual_seed(7) for _ in range(2))
    if row.move:
        rows = columns = torch.arange(8).expand(5, 8)
        rows, columns = row.move(rows, columns, ours, *arguments)
        expected = torch.stack(
            [pixels[n][rows[n]][:, columns[n]] for n in range(len(pixels))]
        )
        assert torch.equal(names["moved"](pixels, theirs), expected)
        assert not torch.equal(expected, pixels)
    else:
        line = next(x for x in text.splitlines() if f"images = {name}(" in x)
        varied = eval(
            line.partition(" = ")[2], names | {"images": images, "generator": theirs}
        )
        assert torch.equal(varied, row.change(images, ours, *arguments))
        assert not torch.equal(varied, images)


def test_what_a_recipe_does_not_use_is_not_in_its_training(module):
    text, _ = module(augmentation=(), ema_decay=0.0, initialization="default")
    for word in ("Average", "moved", "generator", "apply", "EMA_DECAY"):
        assert word not in text
