"""What a person is told of an error: the same from Python as on the command line."""

import pickle
import traceback

from autocnn.cli import tell
from autocnn.errors import DataError, RequestError

MISTAKE = RequestError("there is no sampler called 'tpee'", hint="did you mean 'tpe'?")


def test_a_traceback_ends_with_the_hint_and_says_it_once():
    said = "".join(traceback.format_exception(MISTAKE))
    assert said.endswith("called 'tpee'\n  hint: did you mean 'tpe'?\n")
    assert said.count("hint") == 1
    assert str(DataError("there is no image")) == "there is no image"


def test_the_command_line_says_each_on_a_line_of_its_own(capsys):
    assert tell(MISTAKE) == 2
    assert capsys.readouterr().err == (
        "error: there is no sampler called 'tpee'\n  hint: did you mean 'tpe'?\n"
    )


def test_from_another_process_it_is_the_same():
    again = pickle.loads(pickle.dumps(MISTAKE))
    assert (type(again), str(again)) == (RequestError, str(MISTAKE))
