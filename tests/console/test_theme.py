"""Every theme file loads, has every meaning, and a wrong one says what is wrong."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest
from rich.style import Style

from console.theme import (
    MEANINGS,
    Palette,
    ThemeError,
    load_themes,
    parse_theme,
    theme_variable_defaults,
)

FILES = sorted(f.name for f in resources.files("themes").iterdir() if f.name.endswith(".toml"))


def _text(name: str) -> str:
    return (resources.files("themes") / name).read_text("utf-8")


def test_the_four_themes_are_there() -> None:
    assert [theme.name for theme in load_themes()] == [
        "tradedeck-dark",
        "tradedeck-light",
        "tradedeck-mono",
        "tradedeck-okabe-ito",
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_theme_gives_every_meaning_a_look(name: str) -> None:
    theme = parse_theme(_text(name), name)
    palette = Palette(theme.variables, Style.parse("#cccccc on #101010"))
    for meaning in MEANINGS:
        assert palette.look(meaning).style.color is not None
        assert palette.look(meaning, cursor=True).style.bgcolor is not None


@pytest.mark.parametrize("name", FILES)
def test_under_the_cursor_a_row_stands_out(name: str) -> None:
    palette = Palette(parse_theme(_text(name), name).variables, Style.parse("on #101010"))
    assert palette.look("text").style.bgcolor != palette.look("text", cursor=True).style.bgcolor


def test_the_mono_theme_has_no_hue() -> None:
    colors = [c for c in str(tomllib.loads(_text("mono.toml"))["meanings"]).split() if "#" in c]
    for color in colors:
        digits = color.strip("',{}").lstrip("#")
        assert digits[0:2] == digits[2:4] == digits[4:6]


def test_blanks_are_not_drawn_in_a_style_that_would_mark_them() -> None:
    theme = parse_theme(_text("mono.toml"), "mono.toml")
    palette = Palette(theme.variables, Style.null())
    assert palette.look("buy").plain
    assert not palette.look("sell").plain
    assert not palette.look("halted").plain


def test_red_may_mean_up() -> None:
    green = {t.name: t.variables for t in load_themes()}["tradedeck-dark"]
    red = {t.name: t.variables for t in load_themes("red")}["tradedeck-dark"]
    assert (red["deck-gain"], red["deck-loss"]) == (green["deck-loss"], green["deck-gain"])


def test_another_up_color_is_refused_by_name() -> None:
    with pytest.raises(ThemeError, match="up_color: 'blue' is not one of green, red"):
        load_themes("blue")


def test_a_meaning_becomes_three_variables_for_style_sheets() -> None:
    defaults = theme_variable_defaults()
    assert defaults["deck-mode-live"] == "#ffffff"
    assert defaults["deck-mode-live-background"] == "#b3261e"
    assert defaults["deck-mode-live-text-style"] == "bold"
    assert defaults["deck-buy-background"] == "transparent"
    assert defaults["deck-buy-text-style"] == "none"


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('primary = "#5aa9ff"', "", "theme x.toml: .*missing required field `primary`"),
        ('primary = "#5aa9ff"', 'primry = "#5aa9ff"\nprimary = "#fff"',
         r"colors.primry is not known; did you mean 'primary'\?"),
        ('buy = "#5aa9ff"', 'bui = "#5aa9ff"',
         r"meanings.bui is not known; did you mean 'buy'\?"),
        ('sell = "#ff7b6b"', "", "meanings.sell is missing"),
        ('sell = "#ff7b6b"', 'sell = "loud pink"', "theme x.toml: meanings.sell: "),
        ('sell = "#ff7b6b"', "sell = ", "theme x.toml: "),
        ("dark = true", "dark = 3", "theme x.toml: Expected `bool`"),
    ],
)  # fmt: skip
def test_a_wrong_file_says_what_is_wrong_and_where(was: str, becomes: str, message: str) -> None:
    text = _text("dark.toml")
    assert was in text
    with pytest.raises(ThemeError, match=message):
        parse_theme(text.replace(was, becomes, 1), "x.toml")
