"""A report as one HTML file that needs nothing else: no network, no other file.

A policy in the page itself forbids requests, and any script but its own two.
"""

import base64
import hashlib
import time
from pathlib import Path

import jinja2
from markupsafe import Markup

from autocnn import __version__
from autocnn.names import printable
from autocnn.views.report.blocks import Plot
from autocnn.views.report.chapters import chapters
from autocnn.views.report.charts import looks
from autocnn.views.report.contents import Report

HERE = Path(__file__).parent


def write(report: Report) -> str:
    """Write the whole page."""
    sections = chapters(report)
    plotted = any(isinstance(b, Plot) for section in sections for b in section.blocks)
    scripts = [_plotly(), _own("report.js")] if plotted else []
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
    )
    environment.filters["in_script"] = _in_script
    environment.filters["together"] = lambda text: text.replace(
        " %", "\N{NO-BREAK SPACE}%"
    )
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment.get_template("report.html").render(
        title=f"{report.data_name}: what the search found",
        study=report.study.name,
        sections=sections,
        written=time.strftime("%Y-%m-%d %H:%M", time.localtime(report.now.since)),
        version=__version__,
        looks=Markup(looks() + _own("report.css")),  # noqa: S704 - our own files
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        policy=_policy(scripts),
    )


def _policy(scripts: list[str]) -> str:
    """Allow these scripts and what is in the page, and nothing else at all."""
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in scripts
    ]
    allowed = " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:"
    )


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script


def _own(name: str) -> str:
    return (HERE / name).read_text("utf-8")


def _shown(value: object) -> object:
    """Write out what in a name would steer a terminal or turn the letters after it."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, lines=True)
    return value


def _in_script(text: str) -> Markup:
    """Put JSON into a script element, which no text in it can end."""
    shown = printable(text, lines=True)  # as JSON has it
    return Markup(shown.replace("<", "\\u003c"))  # noqa: S704
