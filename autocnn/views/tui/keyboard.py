"""Where keys go: one after the other; a screen that opens takes those after it."""

from collections import deque

from textual import events
from textual.widget import Widget
from textual.widgets import Input, TextArea

from autocnn.views.tui.safe import Safe


class Keyboard(Safe):
    """The part of the app that hands keys on, in the order in which they were typed.

    Textual hands a key to the widget in focus and takes the next one before that is
    done; what is typed while a dialog opens would reach what lies below it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key] = deque()
        """Keys that wait: for a screen that opens, or for a line to take a letter."""
        self._taking: Widget | None = None
        """The line that was given a letter."""

    async def on_event(self, event: events.Event) -> None:
        """Take keys one by one; all else goes its way."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._typed.append(event)
            await self._hand_on()
        else:
            await super().on_event(event)

    async def _hand_on(self) -> None:
        while self._typed and not self._opening and not self._in_hand:
            event = self._typed.popleft()
            line = self.focused if self.typing and event.is_printable else None
            if line is not None:
                await super().on_event(event)
                self._taking = line
                line.call_later(self.call_later, self._taken)
            elif not await self._bound(event.key):
                await super().on_event(event)
        if self._typed and self.screen_stack and not self._in_hand:
            self.screen.call_later(self.call_later, self._hand_on)

    async def _taken(self) -> None:
        self._taking = None
        await self._hand_on()

    @property
    def _opening(self) -> bool:
        return not self.screen_stack or not self.screen.is_mounted

    @property
    def _in_hand(self) -> bool:
        return self._taking is not None and self._taking.is_running

    async def _bound(self, key: str) -> bool:
        return await self._check_bindings(
            key, priority=True
        ) or await self._check_bindings(key)

    @property
    def typing(self) -> bool:
        """Whether a line of text has the keyboard: it takes letters by itself."""
        return isinstance(self.focused, Input | TextArea)
