"""What a person should know of their data before a search."""

from autocnn.data.audit import Audit


def findings(audit: Audit) -> list[str]:
    """Say in sentences what a person should know of the data before a search."""
    found = list(audit.notes)
    if audit.unreadable_count:
        first = "; ".join(audit.unreadable[:3])
        found.append(f"{audit.unreadable_count} unreadable files are skipped: {first}")
    if audit.duplicates:
        found.append(
            f"{audit.duplicates} images are exact duplicates; "
            "copies of one image stay on one side of every split"
        )
    if audit.leaked:
        found.append(
            f"{audit.leaked} images stand in two of the data's own splits; "
            "scores on them are too good"
        )
    return found
