"""Colors: one set for dark terminals, one for light ones, and none at all."""

from textual.theme import Theme

# Blue and orange are told apart by nearly everybody; green and red are never a pair.
DARK = Theme(
    name="autocnn-dark",
    primary="#58a6ff",
    secondary="#a5b4c3",
    accent="#58a6ff",
    success="#e3b341",
    warning="#f0883e",
    error="#ff7b72",
    foreground="#e6edf3",
    background="#0d1117",
    surface="#0d1117",
    panel="#21262d",
    dark=True,
)
LIGHT = Theme(
    name="autocnn-light",
    primary="#0550ae",
    secondary="#57606a",
    accent="#0550ae",
    success="#7a4d00",
    warning="#953800",
    error="#a40e26",
    foreground="#1f2328",
    background="#ffffff",
    surface="#ffffff",
    panel="#dfe4ea",
    dark=False,
)
# For NO_COLOR: only bold, dim, underlined and reversed text tell things apart.
PLAIN = Theme(
    name="autocnn-plain",
    primary="#ffffff",
    secondary="#c0c0c0",
    accent="#ffffff",
    success="#ffffff",
    warning="#ffffff",
    error="#ffffff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#303030",
    dark=True,
)
THEMES = (DARK, LIGHT, PLAIN)
