"""What is told of data before a search."""

import dataclasses

from autocnn.commands.findings import findings


def test_of_many_unreadable_files_it_is_told_how_many_more_there_are(tiny_data):
    few = tuple(f"{number}.png: truncated" for number in range(7))
    audit = dataclasses.replace(tiny_data.audit, unreadable=few, unreadable_count=7)
    (told,) = [line for line in findings(audit) if "unreadable" in line]
    assert told.startswith("7 unreadable files are skipped: 0.png: truncated; ")
    assert told.endswith("; and 4 more (autocnn data DATA --format json)")
    three = dataclasses.replace(audit, unreadable=few[:3], unreadable_count=3)
    (told,) = [line for line in findings(three) if "unreadable" in line]
    assert "more" not in told
