"""Bad input gets one sentence, one hint, the right exit code and no traceback."""

from pathlib import Path

import pytest

BAD_WORDS = [
    ("search --trials 0", 2, "0"),
    ("search --trials some", 2, "some"),
    ("search --timeout -5", 2, "-5"),
    ("search --timeout soon", 2, "soon"),
    ("search --epochs 0", 2, "0"),
    ("search --jobs none", 2, "none"),
    ("search --max-params few", 2, "300k"),
    ("search --max-flops 0", 2, "0"),
    ("search --max-latency soon", 2, "20ms"),
    ("search --max-epoch-time 0s", 2, "0s"),
    ("leaderboard --pareto size", 2, "size"),
    ("search --target nan", 2, "--target nan is no accuracy"),
    ("search --from nobody", 4, "autocnn search"),
    ("search --from nobody --dry-run", 4, "autocnn search"),
    ("search --folds 1", 2, "1"),
    ("search --sampler tpee", 2, "did you mean 'tpe'"),
    ("search --pruner ahsa", 2, "did you mean 'asha'"),
    ("search --device cdua", 2, "cdua"),
    ("search --space missing.toml", 2, "missing.toml"),
    ("search --study a/b", 2, "a/b"),
    ("search --storage what://ever", 2, "what"),
    ("search --sampler grid", 2, "a grid needs a list"),
    ("search --pruner wilcoxon", 2, "--folds 3"),
    ("search --storage /proc/x.db", 2, "/proc/x"),
    ("search --storage /", 2, "is a folder"),
    ("leaderboard --storage sqlite:///.", 2, "is a folder"),
    ("search digts", 2, "did you mean 'digits'"),
    ("search missing/folder", 5, "missing/folder"),
    ("serch", 2, "did you mean 'search'"),
    ("search --epoch 3", 2, "--epochs"),
    ("show missing.toml", 2, "missing.toml"),
    ("show best", 4, "autocnn search"),
    ("leaderboard", 4, "autocnn search"),
    ("bench", 4, "autocnn search"),
    ("bench --seeds 0", 2, "0"),
    ("predict x.png", 4, "autocnn search"),
    ("evaluate digits", 4, "autocnn search"),
    ("evaluate digits --model nowhere", 4, "nowhere holds no trained network"),
    ("train missing.toml", 2, "missing.toml"),
    ("space --image 3x3", 2, "28x28x1"),
    ("search --engine ray --gpus-per-worker 1.5", 2, "neither a part of one nor"),
    ("search --engine ray --gpus-per-worker inf", 2, "inf is no amount"),
    ("search --engine ray --cpus-per-worker nan", 2, "nan is no amount"),
]


@pytest.mark.parametrize(("words", "code", "said"), BAD_WORDS)
def test_bad_input_is_told_in_a_sentence(run, here, words, code, said):
    ran = run(*words.split())
    assert ran.code == code, ran.err
    assert said in ran.err
    error = ran.err[ran.err.index("error: ") :]
    assert "\n  hint: " in error
    assert "Traceback" not in ran.err
    assert not Path("studies").exists(), "nothing is left behind"


BAD_SPACES = [
    ("[space]\nwidht = 8", "did you mean 'width'"),
    ("[space]\nwidth = []", "empty"),
    ("[space]\nwidth = { min = 9, max = 8 }", "empty"),
    ("[space]\nwidth = { min = 9 }", "lacks min or max"),
    ("[space]\nactivation = ['geluu']", "did you mean 'gelu'"),
    ("[space]\noptimizer = 'sdg'", "did you mean 'sgd'"),
    ("[space]\nlearning_rate_factor = { min = 0, max = 1, log = true }", "log"),
    ("[spaces]\nwidth = 8", "did you mean 'space'"),
    ("[space]\nwidth = -1", "out of range"),
    ("not toml", "not TOML"),
    ("[space]\nepochs = 0", "epochs = 0"),
    ("[space]\nbatch_size = [0, 8]", "batch_size = 0"),
    ("[space]\nkernel = 4", "odd"),
    ("[space]\nconv_dropout = 1.5", "below 1"),
    ("[space]\nwidth = true", "a whole number"),
    ("[space]\nwidth = 1e9", "a whole number"),
    ("[space]\nwidth = { min = 8, max = 16, step = 0 }", "step"),
    ("[space]\ndense_units = 'x'", "a whole number"),
    ("layers = ['conv 8', 'flatten', 'dropout {rate}']", "rate"),
    ("layers = ['cnov 8', 'flatten']\n[space]\nepochs = [1, 2]", "did you mean 'conv'"),
]


@pytest.mark.parametrize(("text", "said"), BAD_SPACES)
def test_a_bad_space_file_is_named_with_its_key(run, here, text, said):
    Path("bad.toml").write_text(text)
    ran = run("search", "--space", "bad.toml", "--trials", 3, "--jobs", 1)
    assert ran.code == 2, ran.err
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(run, here):
    Path("studies").write_text("a file where the folder should be")
    ran = run("search", "--trials", 1)
    assert ran.code == 2
    assert (
        "cannot write to studies: Not a directory" in ran.err
        or "--studies studies is a file" in ran.err
    )


def test_a_password_in_a_storage_url_is_never_shown(run, here):
    for url in (
        "postgresql://me:canary@localhost:1/studies",
        "postgresql://me:can@ary@localhost:1/studies",
        "what://me:canary@localhost/studies",
    ):
        ran = run("search", "--storage", url)
        assert ran.code in {2, 75}
        for part in ("canary", "can@", "ary@"):
            assert part not in ran.err


def test_a_storage_that_is_no_database_is_left_alone(run, here):
    Path("notes.db").write_text(
        "my notes, not a database, and longer than a header" * 9
    )
    before = Path("notes.db").read_bytes()
    ran = run("search", "--storage", "notes.db", "--trials", 1)
    assert ran.code == 2, ran.err
    assert Path("notes.db").read_bytes() == before
