import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from autocnn.views.tui import table as module
from autocnn.views.tui.filters import arranged, cell, fit, sort_keys
from autocnn.views.tui.table import Column, Table


@dataclass(frozen=True)
class Row:
    number: int
    score: float | None = None
    name: str = ""
    style: str = ""


NUMBER: Column[Row] = Column(
    name="number",
    title="#",
    width=3,
    text=lambda row: str(row.number),
    key=lambda row: row.number,
    descending=False,
    right=True,
    priority=2,
)
SCORE: Column[Row] = Column(
    name="score",
    title="score",
    width=5,
    text=lambda row: "" if row.score is None else f"{row.score:.0%}",
    key=lambda row: row.score,
    right=True,
    style=lambda row: row.style,
    priority=1,
)
NAME: Column[Row] = Column(
    name="name", title="name", width=6, text=lambda row: row.name, stretch=True
)
COLUMNS = (NUMBER, SCORE, NAME)
ROWS = (Row(0, 0.5, "plain"), Row(1, 0.7, "residual"), Row(2, 0.6, "dense"))
MANY = tuple(Row(number, number / 100) for number in range(50))


class Drawn(Table[Row]):
    """A table that remembers which lines were drawn."""

    lines: list[int]

    def render_line(self, y: int):
        self.lines.append(y)
        return super().render_line(y)


class TableApp(App[None]):
    """A screen that is all table, and keeps what it was told."""

    def __init__(self, **options) -> None:
        super().__init__()
        self.now = 100.0
        self.told: list[str] = []
        self.table = Drawn(lambda row: row.number, clock=lambda: self.now, **options)
        self.table.lines = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_table_moved(self, event: Table.Moved) -> None:
        self.told.append(f"moved {event.row.number}")

    def on_table_opened(self, event: Table.Opened) -> None:
        self.told.append(f"opened {event.row.number}")

    def on_table_sorted(self, event: Table.Sorted) -> None:
        assert event.control is self.table
        order = "descending" if event.table.descending else "ascending"
        self.told.append(f"sorted {event.table.sorted_by} {order}")

    @property
    def screen_text(self) -> list[str]:
        strips = self.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    @property
    def numbers(self) -> list[int]:
        """The rows on the screen, from the first line on."""
        lines = [line[2:].split() for line in self.screen_text[1:]]
        return [int(line[0]) for line in lines if line]


Steps = Callable[[TableApp, Pilot[None]], Awaitable[None]]


def run(steps: Steps, rows=ROWS, *, size=(30, 6), sort="", **options) -> TableApp:
    """Show the rows in an app, and do the steps."""
    app = TableApp(**options)

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            if sort:
                app.table.sort_by(sort)
            app.table.show(rows, COLUMNS)
            await pilot.pause()
            app.told.clear()
            await steps(app, pilot)

    asyncio.run(main())
    return app


def test_a_header_and_rows_are_drawn_in_columns():
    async def steps(app, pilot):
        assert app.screen_text == [
            "    #  score  name",
            ">   0    50%  plain",
            "    1    70%  residual",
            "    2    60%  dense",
            "",
            "",
        ]

    run(steps)


def test_what_does_not_fit_is_cut_and_wide_characters_keep_the_columns_aligned():
    rows = (Row(0, 0.5, "学習学習学習学習学習"), Row(1, 0.5, "two\nlines"))

    async def steps(app, pilot):
        assert app.screen_text[1:3] == [
            ">   0    50%  学習学…",
            "    1    50%  two lin…",
        ]
        assert cell_len(app.screen._compositor.render_strips()[1].text) == 24

    run(steps, rows, size=(24, 4))


@given(st.text(max_size=20), st.integers(1, 30), st.booleans())
def test_a_cell_has_exactly_its_width(text, width, right):
    written = cell(text, width, right=right)
    assert cell_len(written) == width
    assert written.isprintable()


def test_columns_of_low_priority_go_first_and_a_stretching_one_takes_what_is_left():
    def chosen(width):
        return [(column.name, cells) for column, cells, _ in fit(COLUMNS, width)]

    assert chosen(40) == [("number", 3), ("score", 5), ("name", 26)]
    assert chosen(20) == [("number", 3), ("score", 5), ("name", 6)]
    assert chosen(17) == [("number", 3), ("score", 5), ("name", 6)]  # closer together
    assert chosen(16) == [("number", 3), ("score", 5)]
    assert chosen(9) == [("number", 3)]
    assert chosen(2) == [("number", 1)]


@given(st.integers(-5, 60), st.lists(st.sampled_from(COLUMNS), unique_by=id))
def test_columns_never_take_more_than_the_width(width, columns):
    taken = sum(cells + space for _, cells, space in fit(columns, width))
    assert taken <= max(width, 3)


@given(
    st.dictionaries(st.integers(), st.none() | st.floats()),
    st.booleans(),
)
def test_rows_without_a_key_come_last_in_both_directions(rows, descending):
    keys = sort_keys(rows, lambda value: value)
    order = arranged(keys, descending=descending)
    known = [keys[each] for each in order if keys[each] is not None]
    assert sorted(order) == sorted(rows)
    assert known == sorted(known, reverse=descending)
    assert all(keys[each] is None for each in order[len(known) :])


def test_a_row_at_the_cursor_keeps_it_when_the_order_changes():
    async def steps(app, pilot):
        await pilot.press("down")
        app.now += 10
        app.table.show((Row(9, 0.9), *ROWS), COLUMNS)
        await pilot.pause()
        assert app.numbers == [9, 1, 2, 0]
        assert app.table.current.number == 2
        assert app.screen_text[3].startswith(">   2")

    app = run(steps, sort="score")
    assert app.told == ["moved 2"]


def test_until_it_is_moved_the_cursor_stays_on_the_first_line():
    async def steps(app, pilot):
        app.table.show((*ROWS, Row(3, 0.8)), COLUMNS)
        await pilot.pause()
        assert app.table.current.number == 3
        await pilot.press("down", "up")  # now it was moved, to a row of choice
        app.table.show((*ROWS, Row(3, 0.8), Row(4, 0.9)), COLUMNS)
        assert app.table.current.number == 3
        await pilot.press("home")
        app.table.show((*ROWS, Row(5, 1.0)), COLUMNS)
        assert app.table.current.number == 5

    app = run(steps, sort="score")
    assert app.told == ["moved 3", "moved 1", "moved 3", "moved 4", "moved 5"]


def test_the_order_is_held_for_five_seconds_after_the_cursor_moved():
    newer = (Row(0, 0.5), Row(1, 0.1, "worse"), Row(2, 0.6), Row(3, 0.9))

    async def steps(app, pilot):
        await pilot.press("down")
        app.now += 4.9
        app.table.show(newer, COLUMNS)
        await pilot.pause()
        assert app.numbers == [1, 2, 0]
        assert "worse" in app.screen_text[1]  # what is shown is never old
        assert app.table.stale == 2  # one has another score, one is new
        app.now += 0.1
        app.table.show(newer, COLUMNS)
        await pilot.pause()
        assert app.numbers == [3, 2, 0, 1]
        assert app.table.stale == 0

    run(steps, sort="score")


@pytest.mark.parametrize("release", ["thaw", "home", "sort"])
def test_a_held_order_is_given_up_when_asked(release):
    async def steps(app, pilot):
        await pilot.press("down")
        app.table.show((*ROWS, Row(3, 0.9)), COLUMNS)
        assert app.table.stale == 1
        if release == "thaw":
            app.table.thaw()
        elif release == "home":
            await pilot.press("home")
        else:
            app.table.sort_by("score", descending=True)
        await pilot.pause()
        assert app.table.stale == 0
        assert app.numbers == [3, 1, 2, 0]

    run(steps, sort="score")


def test_a_held_order_ends_by_itself(monkeypatch):
    monkeypatch.setattr(module, "HOLD", 0.01)

    async def steps(app, pilot):
        await pilot.press("down")
        app.table.show((*ROWS, Row(3, 0.9)), COLUMNS)
        assert app.table.stale == 1
        app.now += 1
        while app.table.stale:
            await pilot.pause(0.01)
        assert app.numbers == [3, 1, 2, 0]

    run(steps, sort="score")


def test_the_order_is_not_held_while_the_cursor_is_on_the_first_line():
    async def steps(app, pilot):
        await pilot.press("down", "up")
        app.table.show((*ROWS, Row(3, 0.9)), COLUMNS)
        assert app.table.stale == 0
        assert app.table.current.number == 1

    run(steps, sort="score")


def test_the_cursor_stays_on_its_line_when_its_row_goes():
    async def steps(app, pilot):
        await pilot.press("end")
        app.table.show(ROWS[:2], COLUMNS)
        assert app.table.current.number == 1
        app.table.show((), COLUMNS)
        assert app.table.current is None
        await pilot.press("down", "enter", "home", "end")
        app.table.toggle_mark()
        assert app.table.marks == set()
        app.table.show(ROWS, COLUMNS)
        await pilot.pause()

    app = run(steps)
    assert app.told == ["moved 2", "moved 1", "moved 0"]


def test_the_view_follows_the_cursor_but_not_if_it_was_scrolled_away():
    async def steps(app, pilot):
        await pilot.press("down")
        app.now += 10
        better = tuple(Row(number, number / 10) for number in range(100, 120))
        app.table.show(MANY + better, COLUMNS)
        await pilot.pause()
        assert 48 in app.numbers
        app.table.scroll_to(y=40, animate=False)
        app.table.show(MANY, COLUMNS)
        await pilot.pause()
        assert 48 not in app.numbers

    run(steps, MANY, sort="score")


def test_keys_move_and_open():
    keys = ["down", "j", "k", "up", "pagedown", "pageup", "end", "home", "G", "g"]

    async def steps(app, pilot):
        await pilot.press(*keys, "enter")

    app = run(steps, MANY)
    numbers = [1, 2, 1, 0, 4, 0, 49, 0, 49, 0]
    assert app.told == [*(f"moved {number}" for number in numbers), "opened 0"]


def test_keys_have_names_by_which_they_can_be_changed():
    names = [binding.id for binding in Table.BINDINGS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("table.") for name in names)


def test_a_row_is_found_by_its_identity():
    async def steps(app, pilot):
        app.table.move_to(33)
        app.table.move_to("nobody")
        await pilot.pause()
        assert app.table.current.number == 33
        assert 33 in app.numbers

    app = run(steps, MANY)
    assert app.told == ["moved 33"]


def test_a_click_selects_and_a_second_one_opens():
    async def steps(app, pilot):
        await pilot.click(app.table, offset=(5, 2))
        app.now += 10
        await pilot.click(app.table, offset=(5, 2))
        await pilot.click(app.table, offset=(5, 5))  # below the rows

    app = run(steps)
    assert app.told == ["moved 1", "opened 1"]


@pytest.mark.parametrize("line", [1, 2])
def test_a_double_click_opens_once(line):
    async def steps(app, pilot):
        await pilot.click(app.table, offset=(5, line), times=2)

    app = run(steps)
    assert [told for told in app.told if "opened" in told] == [f"opened {line - 1}"]


def test_a_click_on_a_title_sorts_and_again_reverses():
    async def steps(app, pilot):
        await pilot.click(app.table, offset=(4, 0))
        await pilot.click(app.table, offset=(9, 0))
        assert app.numbers == [1, 2, 0]
        assert app.screen_text[0] == "    #  score▼ name"
        await pilot.click(app.table, offset=(9, 0))
        assert app.numbers == [0, 2, 1]
        assert app.screen_text[0] == "    #  score▲ name"
        await pilot.click(app.table, offset=(16, 0))  # has no order
        await pilot.click(app.table, offset=(0, 0))

    app = run(steps)
    sorts = [told for told in app.told if "sorted" in told]
    assert sorts == [
        "sorted number ascending",
        "sorted score descending",
        "sorted score ascending",
    ]


def test_the_wheel_scrolls_and_leaves_the_cursor():
    async def steps(app, pilot):
        await pilot._post_mouse_events(
            [events.MouseScrollDown], app.table, offset=(5, 2)
        )
        await pilot.pause()
        assert app.numbers[0] > 0
        assert app.table.current.number == 0
        await pilot.press("down")
        assert app.numbers[0] <= 1

    run(steps, MANY)


def test_keys_choose_the_column_to_sort_by():
    async def steps(app, pilot):
        app.table.reverse()  # nothing to reverse yet
        for by in (-1, 1, 1):
            app.table.next_column(by)
            await pilot.pause()
        app.table.reverse()

    app = run(steps)
    assert [told for told in app.told if "sorted" in told] == [
        "sorted score descending",
        "sorted number ascending",
        "sorted score descending",
        "sorted score ascending",
    ]


def test_signs_can_be_ascii():
    rows = (Row(0, 0.5, "a name far too long for its column"), Row(1, 0.4))

    async def steps(app, pilot):
        app.table.toggle_mark()
        await pilot.pause()
        assert app.screen_text[:2] == [
            "    #  scorev name",
            ">+  0    50%  a name far too~",
        ]
        app.table.reverse()
        await pilot.pause()
        assert app.screen_text[0] == "    #  score^ name"
        assert "\n".join(app.screen_text).isascii()

    run(steps, rows, sort="score", size=(32, 4), ascii_only=True)


def test_a_mark_stays_with_its_row():
    async def steps(app, pilot):
        app.table.toggle_mark()
        await pilot.press("down")
        app.table.sort_by("score")
        await pilot.pause()
        assert [line[:2] for line in app.screen_text[1:4]] == ["> ", "  ", " ✓"]
        assert app.table.marks == {0}
        await pilot.press("end")
        app.table.toggle_mark()
        assert app.table.marks == set()

    run(steps)


def test_an_empty_table_says_why():
    async def steps(app, pilot):
        app.table.hint = "no trial yet"
        await pilot.pause()
        assert app.screen_text == [
            "    #  score  name",
            "",
            "",
            "         no trial yet",
            "",
            "",
        ]
        app.table.show(ROWS, COLUMNS)
        await pilot.pause()
        assert app.numbers == [0, 1, 2]

    run(steps, ())


def test_only_lines_that_changed_are_drawn_again():
    async def steps(app, pilot):
        app.table.lines.clear()
        app.table.show(ROWS, COLUMNS)
        await pilot.pause()
        assert app.table.lines == []
        app.table.show((ROWS[0], ROWS[1], Row(2, 0.9)), COLUMNS)
        await pilot.pause()
        assert app.table.lines == [3]
        app.table.lines.clear()
        await pilot.press("down")
        assert sorted(app.table.lines) == [1, 2]

    run(steps)


def test_a_line_is_written_anew_only_when_it_would_be_another():
    written, best = [], [1]
    number = dataclasses.replace(
        NUMBER, text=lambda row: written.append(row.number) or str(row.number)
    )

    async def steps(app, pilot):
        async def show(*rows) -> list[int]:
            written.clear()
            columns = (number, SCORE)
            app.table.show(rows, columns, lambda row: row.number == best[0])
            await pilot.pause()
            return sorted(set(written))

        assert await show(*ROWS) == [0, 1, 2]
        assert await show(*ROWS) == []
        assert await show(*reversed(ROWS)) == []
        assert await show(ROWS[0], ROWS[1], Row(2, 0.9)) == [2]
        best[0] = 0
        assert await show(ROWS[0], ROWS[1], Row(2, 0.9)) == [0, 1, 2]
        best[0] = 1
        assert await show(*ROWS[:2]) == [0, 1]
        await pilot.resize_terminal(20, 6)
        await pilot.pause()
        assert app.screen_text[1] == ">   0    50%"

    run(steps)


def test_styles_tell_rows_apart_and_fill_every_cell():
    async def steps(app, pilot):
        strips = app.screen._compositor.render_strips()
        styles = [[piece.style for piece in strip] for strip in strips]
        assert all(style.bgcolor for line in styles for style in line)
        assert {style.bgcolor for style in styles[1]} != {styles[2][0].bgcolor}
        best = next(piece for piece in strips[2] if "70%" in piece.text)
        assert best.style.bold
        assert best.style.color != styles[3][0].color

    run(steps, (ROWS[0], Row(1, 0.7, "residual", "best"), ROWS[2]))


def test_rows_may_be_shown_before_the_table_is_on_the_screen():
    app = TableApp()
    app.table.sort_by("score")
    app.table.show(ROWS, COLUMNS)
    app.table.next_column()
    app.table.move_to(2)

    async def main() -> None:
        async with app.run_test(size=(30, 6)) as pilot:
            await pilot.pause()
            assert sorted(app.numbers) == [0, 1, 2]
            assert app.table.current.number == 2

    asyncio.run(main())


def test_a_smaller_window_keeps_the_cursor_in_sight():
    async def steps(app, pilot):
        await pilot.press(*["down"] * 8)
        await pilot.resize_terminal(12, 5)
        await pilot.pause()
        assert app.table.current.number in app.numbers
        assert app.screen_text[0].startswith("    # score")

    run(steps, MANY, size=(30, 12))


def test_ten_thousand_rows_are_no_burden():
    rows = [Row(number, number * 7919 % 10_000 / 10_000) for number in range(10_000)]

    async def steps(app, pilot):
        seconds = []
        for _ in range(5):
            begun = time.process_time()
            app.table.show(rows, COLUMNS)
            seconds.append(time.process_time() - begun)
        assert min(seconds) < 0.1  # 0.01 where nothing else runs

    run(steps, rows, size=(120, 40), sort="score")
