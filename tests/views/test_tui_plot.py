import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from autocnn.views.tui.axes import Band, Series, log_ticks, percents, ticks
from autocnn.views.tui.braille import Canvas, dots
from autocnn.views.tui.plot import Plot

RISING = tuple((float(epoch), 1 - 0.8 / epoch) for epoch in range(1, 21))
HALF = tuple((float(epoch), 0.5) for epoch in range(1, 21))
Act = Callable[[Plot, Pilot[None]], Awaitable[None]]


class PlotApp(App[None]):
    """A screen that is all plot."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.plot = Plot(hint="nothing yet", ascii_only=ascii_only)

    def compose(self) -> ComposeResult:
        yield self.plot


def screen(app: App[None]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def drawn(*series, size=(40, 12), ascii_only=False, scale="zoom", **rest) -> str:
    """Give the screen of a plot of the series, as text."""

    async def run() -> str:
        app = PlotApp(ascii_only=ascii_only)
        async with app.run_test(size=size) as pilot:
            app.plot.y_scale = scale
            app.plot.show(series, **rest)
            await pilot.pause()
            return screen(app)

    return asyncio.run(run())


def roles_of(*series, **rest) -> set[str]:
    """Tell which roles are left to see in a plot of the series."""
    found: set[str] = set()

    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.show(series, **rest)
        await pilot.pause()
        found.update(role for line in plot._lines for _, role in line)

    act(steps)
    return found - {"", "axis"}


def trimmed(text: str) -> str:
    return "\n".join(["", *(line.rstrip() for line in text.splitlines())])


def count_dots(text: str) -> int:
    return sum((ord(cell) - 0x2800).bit_count() for cell in text if cell > "\u2800")


def row(text: str, label: str) -> int:
    """Find the line that is labeled so."""
    return next(
        n for n, line in enumerate(text.splitlines()) if line.lstrip().startswith(label)
    )


def act(steps: Act, size=(40, 12)) -> None:
    """Run the steps on a plot that is on a screen."""

    async def run() -> None:
        app = PlotApp()
        async with app.run_test(size=size) as pilot:
            await steps(app.plot, pilot)

    asyncio.run(run())


def spy(plot: Plot) -> list[int]:
    """List, as they come, how many regions each refresh of the plot names."""
    refreshes: list[int] = []
    refresh = plot.refresh

    def counted(*regions, **how):
        refreshes.append(len(regions))
        return refresh(*regions, **how)

    plot.refresh = counted
    return refreshes


CURVE = """
     │                         ⢀⣀⠤⠔⠒⠉ #3
95.0%┤                     ⢀⠤⠒⠉⠁
     │                  ⣀⠤⠊⠁
92.5%┤                ⡤⠊
     │              ⡠⠊
     │            ⢀⠜
90.0%┤           ⡰⠁
     │          ⡰⠁
     └──────────────┬───────────────┬
epoch              10              20"""

ASCII_CURVE = """
100%+                    ***
    |                ****
 50%+           *****
    |        ***
    |  ******
  0%+**
    ++----------+----------+
     0          5         10"""

# Sparklines


def test_a_sparkline_climbs_from_the_lowest_to_the_highest_dots():
    assert dots([0, 0.3, 0.6, 0.9], 2, 0, 1, 4) == "⡠⠊"


def test_a_sparkline_covers_the_part_of_the_budget_that_is_spent():
    assert dots([1.0] * 5, 10, 0, 1, 20) == "⠉⠉⠁       "
    assert dots([1.0] * 20, 10, 0, 1, 20) == "⠉" * 10


@pytest.mark.parametrize("epochs", [1, 7, 20, 200])
def test_a_sparkline_is_as_wide_as_asked(epochs):
    for ascii_only in (False, True):
        line = dots([0.5] * epochs, 8, 0, 1, 20, ascii_only=ascii_only)
        assert len(line) == 8


def test_sparklines_of_one_scale_can_be_compared():
    assert dots([0.1] * 4, 2, 0, 1, 4) == "⣀⣀"
    assert dots([0.9] * 4, 2, 0, 1, 4) == "⠉⠉"


def test_a_sparkline_keeps_values_beyond_its_scale_at_the_edge():
    assert dots([-5, -5, 5, 5], 2, 0, 1, 4) == "⣀⠉"


def test_a_sparkline_ends_at_the_latest_value():
    assert dots([0, 0, 0, 0, 0, 0, 0, 1.0], 2, 0, 1, 8)[-1] == dots(
        [0, 1.0], 1, 0, 1, 2
    )


def test_a_sparkline_passes_over_what_is_not_finite():
    assert dots([1.0, math.nan, math.inf, 1.0], 2, 0, 1, 4) == "⠉⠉"
    assert dots([math.nan], 2, 0, 1, 4) == dots([], 2, 0, 1, 4) == "  "


def test_a_sparkline_without_braille_has_one_letter_for_a_cell():
    line = dots([0, 0.3, 0.6, 0.9], 6, 0, 1, 6, ascii_only=True)
    assert line == "_.-'  "


# Ticks


def test_ticks_are_multiples_of_a_round_step():
    assert ticks(0.71, 0.98, 6) == [0.75, 0.8, 0.85, 0.9, 0.95]
    assert ticks(0, 1, 4) == [0, 0.25, 0.5, 0.75, 1]


def test_ticks_of_epochs_are_whole():
    assert ticks(1, 10, 8, whole=True) == [2, 4, 6, 8, 10]
    assert ticks(1, 3, 20, whole=True) == [1, 2, 3]


def test_ticks_of_errors_are_round_at_both_ends():
    assert log_ticks(0.3, 0.995, 8) == [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995]
    assert log_ticks(0, 0.9999, 4) == [0, 0.9, 0.99, 0.999, 0.9999]
    assert log_ticks(0.91, 0.94, 4) == ticks(0.91, 0.94, 4)


def test_labels_have_as_many_decimals_as_they_need():
    assert percents([0.8, 0.9]) == ["80%", "90%"]
    assert percents([0.925, 0.95]) == ["92.5%", "95.0%"]


# The plot


def test_a_curve_is_drawn_on_axes_with_round_ticks():
    text = drawn(Series(RISING, "best", "#3"), x_label="epoch", size=(40, 10))
    assert trimmed(text) == CURVE


def test_without_braille_a_curve_is_drawn_in_ascii():
    line = tuple((float(x), x / 10) for x in range(11))
    text = drawn(Series(line, "best"), size=(28, 8), ascii_only=True, scale="full")
    assert text.isascii()
    assert trimmed(text) == ASCII_CURVE


def test_lines_in_focus_cover_context_whatever_the_order():
    best, context = Series(HALF, "best"), Series(HALF, "context")
    assert roles_of(best, context) == {"best"}


def test_of_two_lines_in_focus_the_later_is_on_top():
    best, running = Series(HALF, "best"), Series(HALF, "running")
    assert roles_of(best, running) == {"running"}
    assert roles_of(running, best) == {"best"}


def test_context_lines_share_a_cell_and_a_line_in_focus_does_not():
    canvas = Canvas(1, 1, ascii_only=False)
    canvas.paint([0], [0], "context")
    canvas.paint([1], [3], "context")
    assert [*canvas.lines()] == [[("⢁", "context")]]
    canvas.paint([0, 1], [1, 1], "best")
    assert [*canvas.lines()] == [[("⠒", "best")]]


def test_the_zoom_leaves_out_where_curves_begin():
    jump = [(float(x), 0.1 if x < 3 else 0.9 + x / 1000) for x in range(20)]
    late = Series(tuple(jump), "best")
    assert "91.5%" in drawn(late)
    assert "50%" in drawn(late, scale="full")


def test_a_log_scale_gives_each_factor_of_the_error_the_same_room():
    points = tuple((float(x), 1 - 10.0**-x) for x in range(4))
    text = drawn(Series(points, "best"), scale="log", size=(40, 15))
    rows = {label: row(text, label) for label in ("0.0%", "90.0%", "99.0%", "99.9%")}
    gaps = [rows["0.0%"] - rows["90.0%"], rows["90.0%"] - rows["99.0%"]]
    assert gaps[0] == pytest.approx(gaps[1], abs=1)


def test_a_log_scale_bears_a_perfect_score():
    text = drawn(Series(((1.0, 0.5), (2.0, 1.0)), "best"), scale="log")
    assert "50%" in text


def test_a_plot_without_points_shows_its_axes_and_the_hint():
    nothing = Series(((1.0, math.nan),), "running")
    for text in (drawn(), drawn(nothing)):
        assert "nothing yet" in text
        assert "└──" in text


def test_the_hint_can_be_changed():
    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.hint = "no epoch has ended"
        await pilot.pause()
        assert "no epoch has ended" in screen(pilot.app)

    act(steps)


def test_values_that_are_not_finite_are_passed_over():
    gap = (*RISING[:9], (10.0, math.nan), (11.0, math.inf), *RISING[11:])
    without = (*RISING[:9], *RISING[11:])
    assert drawn(Series(gap, "best")) == drawn(Series(without, "best"))


def test_one_point_is_one_dot():
    text = drawn(Series(((3.0, 0.7),), "running"))
    assert count_dots(text) == 1
    assert "70.0%" in text


@pytest.mark.parametrize(
    "size", [(1, 1), (9, 20), (60, 3), (10, 4), (11, 5), (200, 60)]
)
def test_every_size_can_be_drawn(size):
    band = Band((1.0, 20.0), (0.2, 0.8), (0.3, 0.9), (0.25, 0.85))
    series = (
        Series(HALF, "context"),
        Series(RISING, "best", "a long label of a trial"),
    )

    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.show(series, band, marks=((3, "rung"),))
        for scale in ("zoom", "full", "log"):
            plot.y_scale = scale
            await pilot.pause()
            text = screen(pilot.app)
            assert [len(line) for line in text.splitlines()] == [size[0]] * size[1]
            assert (text.strip() == "") == (size[0] < 10 or size[1] < 4)

    act(steps, size)


def test_a_plot_follows_its_size():
    expected = drawn(Series(RISING, "best"), size=(70, 20))

    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.show([Series(RISING, "best")])
        await pilot.pause()
        await pilot.resize_terminal(70, 20)
        await pilot.pause()
        assert screen(pilot.app) == expected

    act(steps)


def test_the_axis_reaches_the_epoch_budget():
    text = drawn(Series(RISING[:5], "running"), x_high=20)
    assert text.splitlines()[-1].split()[-1] == "20"


def test_marks_are_named_uprights_within_the_axis():
    text = drawn(Series(RISING, "best"), marks=((9, "rung 2"), (50, "beyond")))
    assert text.count("┊") > 3
    assert "┊rung 2" in text
    assert "beyond" not in text


def test_a_band_is_dots_with_a_line_in_the_middle():
    xs = (1.0, 20.0)
    band = Band(xs, (0.2, 0.2), (0.8, 0.8), (0.5, 0.5))
    assert roles_of(band=band) == {"band", "median"}


def test_a_curve_is_named_where_it_ends():
    text = drawn(Series(RISING[:9], "running", "#7"), Series(RISING, "context", "#8"))
    assert "#7" in text
    assert "#8" not in text


def test_a_running_curve_below_the_zoom_is_pointed_to():
    young = Series(((1.0, 0.1),), "running", "#9")
    crowd = [Series(RISING, "context")] * 9
    assert "▾ #9" in drawn(*crowd, young)
    assert "v #9" in drawn(*crowd, young, ascii_only=True)


def test_lines_to_compare_differ_without_color():
    texts = {drawn(Series(HALF, role)) for role in ("a", "b", "c", "d")}
    assert len(texts) == 4


def test_the_selected_line_is_twice_as_thick():
    assert count_dots(drawn(Series(HALF, "selected"))) == 2 * count_dots(
        drawn(Series(HALF, "best"))
    )


def test_the_caller_may_write_the_values():
    text = drawn(Series(HALF, "best"), y_format=lambda value: f"{value:.3f} nats")
    assert "0.500 nats" in text


def test_showing_the_same_again_repaints_nothing():
    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.show([Series(RISING, "best")])
        await pilot.pause()
        refreshes = spy(plot)
        plot.show([Series(RISING, "best")])
        assert refreshes == []

    act(steps)


def test_one_epoch_more_repaints_only_the_lines_it_is_on():
    best = Series(RISING, "best")
    expected = drawn(best, Series(HALF[:11], "running"), scale="full")

    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.y_scale = "full"
        plot.show([best, Series(HALF[:10], "running")])
        await pilot.pause()
        refreshes = spy(plot)
        plot.show([best, Series(HALF[:11], "running")])
        await pilot.pause()
        assert refreshes == [1]
        assert screen(pilot.app) == expected

    act(steps)


def test_a_line_is_drawn_once_until_something_changes():
    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.show([Series(RISING, "best")])
        await pilot.pause()
        lines = plot._lines
        plot.refresh()
        await pilot.pause()
        assert plot._lines is lines
        plot.y_scale = "full"
        await pilot.pause()
        assert plot._lines is not lines

    act(steps)


def test_colors_are_those_of_the_theme():
    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.show([Series(HALF, "running")])
        seen = []
        for theme in ("textual-dark", "textual-light"):
            pilot.app.theme = theme
            await pilot.pause()
            strips = pilot.app.screen._compositor.render_strips()
            line = {s.style for strip in strips for s in strip if s.text > "\u2800"}
            assert len(line) == 1
            seen += line
        dark, light = seen
        assert dark.color != light.color
        assert dark.bgcolor != light.bgcolor

    act(steps)


def test_a_hidden_plot_is_drawn_when_it_is_seen_again():
    async def steps(plot: Plot, pilot: Pilot[None]) -> None:
        plot.show([Series(RISING, "best", "#1")])
        await pilot.pause()
        plot.display = False
        await pilot.pause()
        before = plot._lines
        plot.show([Series(RISING, "best", "#2")])
        assert plot._lines is before
        plot.display = True
        await pilot.pause()
        assert "#2" in screen(pilot.app)

    act(steps)


def test_a_curve_that_jumps_far_out_of_view_is_cut_at_the_edge():
    wild = tuple((float(x), 1e12 if x == 5 else 0.5) for x in range(20))
    crowd = [Series(HALF, "context")] * 3
    assert drawn(*crowd, Series(wild, "running"), scale="log")
