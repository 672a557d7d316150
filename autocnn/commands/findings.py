"""What a person should know of their data before a search."""

from collections.abc import Callable

from autocnn.data.audit import Audit
from autocnn.data.cache import Prepared


def tell(data: Prepared, say: Callable[[str], None]) -> None:
    """Say it; and where to go from the embedded digits."""
    if data.info.name == "digits":
        say(
            "data: scikit-learn's handwritten digits, embedded; next: "
            "autocnn search cifar10, or autocnn search path/to/images"
        )
    for finding in findings(data.audit):
        say(finding)


def findings(audit: Audit) -> list[str]:
    """Say in sentences what a person should know of the data before a search."""
    found = list(audit.notes)
    if audit.unreadable_count:
        first = audit.unreadable[:3]
        more = audit.unreadable_count - len(first)
        rest = [f"and {more} more (autocnn data DATA --format json)"] * bool(more)
        told = "; ".join([*first, *rest])
        found.append(f"{audit.unreadable_count} unreadable files are skipped: {told}")
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
