import pytest
from hypothesis import given
from hypothesis import strategies as st

from autocnn.views.tui.filters import parse, read_number

ROW = {
    "trial": 17,
    "status": "pruned",
    "val_accuracy": 0.8312,
    "epochs": 5,
    "parameters": 1_234_567,
    "optimizer": "SGD",
    "block": "plain",
    "bias": True,
    "dropout": 0.0,
    "seconds": None,
    "reason": "epoch 5: below the median",
}


def matches(text: str) -> bool:
    return parse(text, ROW).matches(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "val>0.8",
        "val_accuracy>=80%",
        "val_accuracy >= 83.12%",
        "VAL<=0.8312",
        "epochs<6",
        "epochs=5 epochs:5 epochs>=5 epochs<=5",
        "param>1M",
        "parameters<1.3m",
        "parameters<1235k",
        "parameters<0.1G",
        "parameters>1e6",
        "optimizer=sgd",
        "optimizer:Sgd",
        "block!=residual",
        "status:pruned",
        "status : pruned",
        "trial:17",
        "trial!=1",
        "bias=true",
        "plain",
        "PLAIN median",
        "17",
        "!residual",
        "!block=residual",
        "!status!=pruned",
        "seconds!=3",
        "!seconds<3",
        "val=83% val=83.1% val=0.83",  # as precisely as it is written
        "parameters=1.2M",
        "dropout=0",
        "#17 !#1",
        "params>1M !time<3",
    ],
)
def test_a_row_matches(text):
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "val>0.9",
        "val>83.2%",
        "val<0.8312",
        "epochs<5",
        "epochs=5 epochs=6",
        "parameters<1M",
        "optimizer=adam",
        "optimizer=sg",
        "optimizer>3",
        "block!=plain",
        "status:complete",
        "trial:1",
        "trial=plain",
        "bias>0",
        "residual",
        "plain residual",
        "!plain",
        "!epochs=5",
        "seconds<3",
        "seconds=none",
        "none",
        "val=1",
        "val=84%",
        "parameters=2M",
        "parameters=1.3M",
        "parameters=1",
    ],
)
def test_a_row_does_not_match(text):
    assert not matches(text)


def test_fields_that_a_row_lacks_equal_nothing():
    only = parse("dropout<1 dropout=0", ROW)
    others = parse("dropout!=0", ROW)
    assert not only.matches({})
    assert others.matches({})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("blok=plain", "there is no field 'blok': did you mean 'block'?"),
        ("x>1", "there is no field 'x': choose from trial, status, val_accuracy, "),
        ("b=1", "'b' in 'b=1' can be block or bias: write more of it"),
        ("val>high", "'high' in 'val>high' is not a number: write e.g. 5, 0.8, 80%"),
        ("val>1.2.3", "'1.2.3' in 'val>1.2.3' is not a number"),
        ("val>", "'val>' lacks a value: write e.g. epochs<5 or status:pruned"),
        ("status:", "'status:' lacks a value: write e.g. epochs<5 or status:pruned"),
        (">0.8", "'>0.8' lacks a field: write e.g. epochs<5 or status:pruned"),
        ("plain !", "'!' turns the word after it round, and there is none"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(text, problem):
    with pytest.raises(ValueError) as error:
        parse(text, ROW)
    assert str(error.value).startswith(problem)
    assert "\n" not in str(error.value)


@given(st.text())
def test_whatever_is_typed_is_a_filter_or_a_sentence(text):
    try:
        filtered = parse(text, ROW)
    except ValueError:
        return
    assert filtered.matches(ROW) in (True, False)


@given(st.text(alphabet="abdeilnprstu0157.%kM:=<>!_ ", max_size=12))
def test_an_exclamation_mark_inverts_any_word(text):
    word = text.replace(" ", "")
    try:
        plain = parse(word, ROW)
    except ValueError:
        return
    if word and not word.startswith("!"):
        assert parse(f"!{word}", ROW).matches(ROW) != plain.matches(ROW)


@given(st.integers(0, 1000))
def test_a_percentage_is_the_fraction(tenths):
    percentage, fraction = (
        read_number(f"{tenths / 10}%"),
        read_number(f"{tenths / 1000}"),
    )
    assert percentage is not None
    assert fraction is not None
    assert percentage.value == fraction.value == tenths / 1000
