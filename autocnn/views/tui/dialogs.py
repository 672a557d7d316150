"""Questions: yes or no, a number, how to leave, and the values of an edited copy."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option


class Dialog(ModalScreen[ScreenResultType]):
    """A question over a screen, which keeps its size together with it."""

    def on_resize(self, event: events.Resize) -> None:
        """Let what lies behind follow the terminal, too."""
        for screen in self.app.screen_stack[:-1]:
            screen.post_message(events.Resize(event.size, event.virtual_size))


class Choose(Dialog[str | None]):
    """One of a few answers, by its letter or with the arrows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer('')", "back", id="dialog.back")
    ]

    def __init__(self, question: str, answers: Sequence[tuple[str, str, str]]) -> None:
        """`answers` are (letter, name, what it means); the first is chosen by enter."""
        super().__init__()
        self._question = question
        self._answers = answers
        for letter, name, _ in answers:
            self._bindings.bind(letter, f"answer('{name}')", show=False)

    def compose(self) -> ComposeResult:
        """Show the question over the answers."""
        with Vertical(classes="dialog"):
            yield Label(self._question, classes="question", markup=False)
            yield OptionList(
                *(
                    Option(f"[b]{letter}[/b]  {meaning}", id=name)
                    for letter, name, meaning in self._answers
                )
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the answer that enter or the mouse chose."""
        self.dismiss(event.option_id)

    def action_answer(self, name: str) -> None:
        """Take an answer; none when the person goes back."""
        self.dismiss(name or None)


def confirm(question: str, meaning: str) -> Choose:
    """Ask whether to do what cannot be undone."""
    answers = [("y", "yes", meaning), ("n", "no", "no, leave it as it is")]
    return Choose(question, answers)


class Ask(Dialog[str | None]):
    """One line of text, checked before it is taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", id="dialog.back")
    ]

    def __init__(
        self,
        question: str,
        value: str = "",
        hint: str = "",
        check: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`check` says what is wrong with a line; nothing if it can be taken."""
        super().__init__()
        self._question, self._value, self._hint = question, value, hint
        self._check = check

    def compose(self) -> ComposeResult:
        """Show the question over the line."""
        with Vertical(classes="dialog"):
            yield Label(self._question, classes="question", markup=False)
            yield Input(self._value)
            if self._hint:
                yield Label(self._hint, classes="hint", markup=False)
            yield Label(classes="wrong", markup=False)
            yield Label("enter: take it   esc: back", classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the line, or say why it cannot be."""
        wrong = self._check(event.value.strip())
        if wrong:
            self.query_one(".wrong", Label).update(wrong)
        else:
            self.dismiss(event.value.strip())


def ask_number(question: str, value: str, hint: str, most: int, total: int = 0) -> Ask:
    """Ask for a number up to a limit, or for ``+20`` more than a total."""

    def wrong(text: str) -> str:
        good = 1 <= read_count(text, total) <= most
        return "" if good else f"'{text}' is no number from 1 to {most:,}"

    return Ask(question, value, hint, wrong)


def read_count(text: str, total: int = 0) -> int:
    """Read ``40``, or ``+20``, which is added to the total; anything else is 0."""
    good = re.fullmatch(r"\+?\d{1,9}", text)
    return int(text) + total * text.startswith("+") if good else 0


class Edit(Dialog[dict[str, Any] | None]):
    """The values of a trial, one line each; enter sends them, if all can be."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", id="dialog.back"),
        # Before the list of values scrolls by them.
        Binding("down", "app.focus_next", priority=True, id="edit.next"),
        Binding("up", "app.focus_previous", priority=True, id="edit.previous"),
    ]

    def __init__(
        self,
        title: str,
        params: Mapping[str, Any],
        distributions: Mapping[str, BaseDistribution],
    ) -> None:
        super().__init__()
        self._title, self._params, self._distributions = title, params, distributions

    def compose(self) -> ComposeResult:
        """Show every value in a line of its own."""
        with Vertical(classes="dialog tall"):
            yield Label(self._title, classes="question", markup=False)
            with VerticalScroll():
                for name, value in self._params.items():
                    text = f"{name}: {self._range(name)}"
                    yield Label(text, classes="hint", markup=False)
                    yield Input(_text(value), name=name, compact=True)
            yield Label(classes="wrong", markup=False)
            yield Static(
                "enter: train it next   tab or down: next value   esc: back",
                classes="hint",
            )

    def on_mount(self) -> None:
        """Keep the first name in sight: its line is brought there before it is."""
        self.set_timer(0.1, self._name_in_sight)

    def _name_in_sight(self) -> None:
        values = self.query_one(VerticalScroll)
        if self.focused in [*self.query(Input)][:1]:
            values.scroll_home(animate=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Keep the name of a value in sight, and not only its line."""
        fields = [*self.query(Input)]
        if event.widget in fields:
            label = self.query("VerticalScroll Label")[fields.index(event.widget)]
            self.call_after_refresh(label.scroll_visible, animate=False)

    def on_input_submitted(self) -> None:
        """Take all values, or say which cannot be."""
        values: dict[str, Any] = {}
        for field in self.query(Input):
            name = field.name or ""
            if field.value == _text(self._params[name]):
                values[name] = self._params[name]
                continue
            try:
                values[name] = read_value(field.value, self._distributions.get(name))
            except ValueError:
                wrong = f"{name} is {self._range(name)}, not {field.value!r}"
                self.query_one(".wrong", Label).update(wrong)
                field.focus()
                return
        self.dismiss(values)

    def _range(self, name: str) -> str:
        return range_of(self._distributions.get(name))


def range_of(distribution: BaseDistribution | None) -> str:
    """Say in words what a value may be."""
    match distribution:
        case CategoricalDistribution():
            return ", ".join(map(_text, distribution.choices))
        case IntDistribution() if distribution.step > 1:
            ends = f"{distribution.low} to {distribution.high}"
            return f"{ends} in steps of {distribution.step}"
        case IntDistribution() | FloatDistribution():
            return f"{distribution.low:g} to {distribution.high:g}"
        case _:
            return "anything"


def read_value(text: str, distribution: BaseDistribution | None) -> Any:
    """Read what a person typed; ValueError if it is out of the distribution."""
    match distribution:
        case CategoricalDistribution():
            for choice in distribution.choices:
                if _text(choice) == text.strip():
                    return choice
            raise ValueError(text)
        case IntDistribution() | FloatDistribution():
            whole = isinstance(distribution, IntDistribution)
            value = int(text) if whole else float(text)
            if not distribution._contains(value):
                raise ValueError(text)
            return value
        case _:
            return text


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
