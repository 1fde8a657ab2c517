"""Themes from `themes/*.toml`: Textual's colours, and the look of each meaning of the console.

A meaning (`buy`, `state-partial`, `halted`) is a line of style text such as
`bold #ffffff on #b3261e`. It becomes three variables of a Textual theme, which style sheets use
and from which `Palette` builds the styles of the line-drawn tables: `$deck-buy`,
`$deck-buy-background` and `$deck-buy-text-style`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import NamedTuple

import msgspec
from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.theme import Theme

DEFAULT_THEME = "tradedeck-dark"
PREFIX = "deck-"

MEANINGS = (
    "text",
    "muted",
    "header",
    "value",
    "rule",
    "cursor",
    "buy",
    "sell",
    "own",
    "last",
    "gain",
    "loss",
    "flat",
    "good",
    "warn",
    "bad",
    "stale",
    "state-waiting",
    "state-sent",
    "state-acked",
    "state-partial",
    "state-filled",
    "state-leaving",
    "state-canceled",
    "state-rejected",
    "state-unknown",
    "mode-live",
    "mode-paper",
    "mode-replay",
    "halted",
    "safe",
    "armed",
)

UP_COLORS = ("green", "red")
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")


class ThemeError(ValueError):
    """A theme file is wrong; the message says which file, which key, and the nearest right one."""


class Colors(msgspec.Struct):
    """Textual's own colours; what is left out it derives itself."""

    primary: str
    foreground: str
    background: str
    secondary: str | None = None
    warning: str | None = None
    error: str | None = None
    success: str | None = None
    accent: str | None = None
    surface: str | None = None
    panel: str | None = None
    boost: str | None = None


class ThemeFile(msgspec.Struct, forbid_unknown_fields=True):
    """A theme as it is written in TOML."""

    name: str
    dark: bool
    colors: Colors
    meanings: dict[str, str]


def load_themes(up_color: str = "green") -> list[Theme]:
    """Every theme in the package data, sorted by name. `up_color` red swaps gain and loss.

    Raises ThemeError naming the file when one cannot be used.
    """
    if up_color not in UP_COLORS:
        raise ThemeError(f"up_color: {up_color!r} is not one of {', '.join(UP_COLORS)}")
    files = [f for f in resources.files("themes").iterdir() if f.name.endswith(".toml")]
    themes = [parse_theme(file.read_text("utf-8"), file.name, up_color) for file in files]
    return sorted(themes, key=lambda theme: theme.name)


def parse_theme(text: str, source: str, up_color: str = "green") -> Theme:
    """One theme from TOML text; `source` names it in errors. Raises ThemeError."""
    try:
        raw = tomllib.loads(text)
        parsed = msgspec.convert(raw, ThemeFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ThemeError(f"theme {source}: {error}") from None
    meanings = dict(parsed.meanings)
    _check_keys(source, "colors", raw["colors"], Colors.__struct_fields__)
    _check_keys(source, "meanings", meanings, MEANINGS)
    missing = [meaning for meaning in MEANINGS if meaning not in meanings]
    if missing:
        raise ThemeError(f"theme {source}: meanings.{missing[0]} is missing")
    if up_color == "red":
        meanings["gain"], meanings["loss"] = meanings["loss"], meanings["gain"]
    variables: dict[str, str] = {}
    for meaning, style_text in meanings.items():
        variables |= _variables(source, meaning, style_text, parsed.colors.foreground)
    colors = msgspec.structs.asdict(parsed.colors)
    return Theme(parsed.name, dark=parsed.dark, variables=variables, **colors)


def theme_variable_defaults() -> dict[str, str]:
    """Values for themes that know nothing of the console: `App.get_theme_variable_defaults`."""
    themes = {theme.name: theme for theme in load_themes()}
    return dict(themes[DEFAULT_THEME].variables)


class Look(NamedTuple):
    """A style ready to draw with. `plain`: blanks after the text may be drawn in it as well."""

    style: Style
    plain: bool


class Palette:
    """The look of each meaning under the theme in force, plain or under the cursor."""

    def __init__(self, variables: Mapping[str, str], base: Style) -> None:
        """`variables` are `App.theme_variables`, `base` the colours of the widget itself."""
        styles = {meaning: _style(variables, meaning) for meaning in MEANINGS}
        self._plain = _looks({meaning: _look(style, base) for meaning, style in styles.items()})
        under = base + styles["cursor"]
        self._cursor = _looks(
            {
                meaning: _look(style, base if style.bgcolor else under)
                for meaning, style in styles.items()
            }
        )

    def look(self, meaning: str, *, cursor: bool = False) -> Look:
        """The look of a meaning. Raises KeyError for a word that is none."""
        return self.looks(cursor=cursor)[meaning]

    def looks(self, *, cursor: bool = False) -> Mapping[str, Look]:
        """The look of every meaning."""
        return self._cursor if cursor else self._plain


def _check_keys(source: str, table: str, keys: Iterable[str], known: tuple[str, ...]) -> None:
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ThemeError(f"theme {source}: {table}.{key} is not known{hint}")


def _variables(source: str, meaning: str, text: str, foreground: str) -> dict[str, str]:
    try:
        style = Style.parse(text)
    except StyleSyntaxError as error:
        raise ThemeError(f"theme {source}: meanings.{meaning}: {error}") from None
    attributes = [name for name in _ATTRIBUTES if getattr(style, name)]
    return {
        f"{PREFIX}{meaning}": style.color.name if style.color else foreground,
        f"{PREFIX}{meaning}-background": style.bgcolor.name if style.bgcolor else "transparent",
        f"{PREFIX}{meaning}-text-style": " ".join(attributes) or "none",
    }


def _style(variables: Mapping[str, str], meaning: str) -> Style:
    background = variables[f"{PREFIX}{meaning}-background"]
    attributes = variables[f"{PREFIX}{meaning}-text-style"]
    return Style(
        color=variables[f"{PREFIX}{meaning}"],
        bgcolor=None if background == "transparent" else background,
    ) + Style.parse(attributes)


def _looks(looks: dict[str, Look]) -> dict[str, Look]:
    """The same, but what looks alike is one object: whoever draws need not compare."""
    alike: dict[Look, Look] = {}
    return {meaning: alike.setdefault(look, look) for meaning, look in looks.items()}


def _look(style: Style, under: Style) -> Look:
    marked = style.underline or style.strike or style.reverse or style.bgcolor is not None
    return Look(under + style, not marked)
