"""Help teaches, starts quickly, and knows every choice there is."""

import subprocess
import sys

import pytest

from autocnn.cli import COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run, command):
    ran = run(command, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: autocnn {command}")


def test_search_help_lists_every_data_set_sampler_and_pruner(run):
    from autocnn.data.datasets import DATASETS
    from autocnn.search.pruners import PRUNERS
    from autocnn.search.samplers import SAMPLERS

    words = run("search", "--help").out.split()
    assert set(words) >= {*DATASETS, *SAMPLERS, *PRUNERS}


def test_autocnn_alone_shows_the_commands(run):
    ran = run()
    assert ran.code == 0
    assert "search" in ran.out + ran.err


@pytest.mark.parametrize("words", ["--help", "search --help", "leaderboard", "studies"])
def test_what_does_not_train_starts_without_torch(here, words):
    code = (
        "import sys; from autocnn.cli import cli; from contextlib import suppress\n"
        f"with suppress(SystemExit, Exception): cli.main({words.split()!r})\n"
        "sys.exit('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert ran.returncode == 0, ran.stderr


def test_space_and_data_print_tables_and_json(run, image_folder):
    assert "learning_rate_factor" in run("space", "--image", "8x8x1").out
    assert '"parameter": "width"' in run("space", "--format", "json").out
    assert "fixed: 3" in run("space", "--space", "small.toml").out
    looked = run("data", image_folder)
    assert looked.code == 0
    assert "2 classes" in looked.out
    assert '"fingerprint"' in run("data", image_folder, "--format", "json").out
