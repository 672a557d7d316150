"""Known vulnerabilities of what is installed here: python .ci/audit.py

Fails if one has a release that mends it. That the service which knows of them cannot be
reached is said, and is no failure.
"""

import json
import subprocess
import sys
from typing import Any

COMMAND = ("pip-audit", "--format", "json", "--progress-spinner", "off")
SECONDS = 300


def audit() -> list[dict[str, Any]] | str:
    """Ask for all packages that are installed; or say why there is no answer."""
    try:
        ran = subprocess.run(COMMAND, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"no answer in {SECONDS} seconds"
    except FileNotFoundError:
        return "pip-audit is not installed; pip install '.[dev]' does that"
    try:
        found: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        return (ran.stderr.strip().splitlines() or ["no answer"])[-1]
    return found


def main() -> int:
    """Say what was found, a line each."""
    found = audit()
    if isinstance(found, str):
        print("audit: SKIPPED, no service that knows of vulnerabilities was reached:")
        print(f"  {found}")
        return 0
    mendable = 0
    for package in found:
        for hole in package.get("vulns", []):
            fixes = ", ".join(hole["fix_versions"])
            mendable += bool(fixes)
            told = f"mended in {fixes}" if fixes else "no release mends it yet"
            print(f"{package['name']} {package['version']}: {hole['id']}, {told}")
    looked_at = sum("vulns" in package for package in found)
    if not looked_at:
        print("audit: SKIPPED, the service knew none of the packages")
        return 0
    print(f"audit: {looked_at} packages, {mendable} to upgrade")
    return 1 if mendable else 0


if __name__ == "__main__":
    sys.exit(main())
