"""What every panel and every screen over them can do: show a moment of the study."""

from textual.containers import Container
from textual.screen import Screen

from autocnn.views.tui.moment import Moment


class Panel(Container):
    """One of the views that a digit brings up."""

    @property
    def settled(self) -> bool:
        """Whether all that it shows has been worked out."""
        return True

    def show(self, moment: Moment) -> None:
        """Show the study as it is now; called at once when the panel comes up."""
        raise NotImplementedError

    @property
    def selected(self) -> int | None:
        """The number of the trial that a key would act on."""
        return None

    def take_focus(self) -> None:
        """Put the keyboard where it is of use here."""


class Detail(Screen[None]):
    """A screen over the panels, such as a trial's; escape closes it."""

    settled = True
    """Whether all that it shows has been read."""

    def show(self, moment: Moment) -> None:
        """Show the study as it is now."""
        raise NotImplementedError

    @property
    def selected(self) -> int | None:
        """The number of the trial that a key would act on."""
        return None
