"""Names that others chose, of studies, classes and files: they steer nothing here."""

import re
import unicodedata
from urllib.parse import quote

STUDY = re.compile(r"\w[\w.-]{0,99}")
"""What can name a study and its folder everywhere."""
STEERING = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What a terminal obeys, ends a line or turns the order of letters; and half letters,
which stand for bytes that are no text."""
SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def printable(text: str, *, lines: bool = False) -> str:
    r"""Write what would steer a terminal as JSON does: an escape is ``\u001b``.

    With `lines`, line ends stay what they are.
    """
    if lines:
        return "\n".join(map(printable, text.split("\n")))
    return STEERING.sub(lambda found: _written(found[0]), text)


def likeness(study: str) -> str:
    """Say what some disks and databases take a name for: without capitals, accents."""
    letters = unicodedata.normalize("NFKD", study)
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return plain.casefold()


def folder_name(study: str) -> str:
    """Name a study's folder: what another program called ``../x`` stays inside, too."""
    if STUDY.fullmatch(study):
        return study
    return "%" + quote(study, safe="", errors="backslashreplace")[:200]


def _written(letter: str) -> str:
    return SHORT.get(letter) or f"\\u{ord(letter):04x}"
