"""From options to what they mean: configuration, state directory, the console's own options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.parsing import Options
from engine.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from console.options import Options as ScreenOptions
    from engine.config import Config, ConsoleConfig


PAPER = "paper"
"""The name of the account that every market on paper has."""


def installed_version() -> str:
    """The installed version, empty in a checkout that is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tradedeck")
    except PackageNotFoundError:
        return ""


def read_config(options: Options) -> Config:
    """The configuration as it stands, or that of paper without a file. Raises ConfigError."""
    from engine.config import load_config, paper_config

    if options.config is None:
        return paper_config(os.environ)
    return load_config(options.config, os.environ)


def read_paper_config(options: Options, *, named: bool = False) -> Config:
    """The configuration that paper trading runs by; see `only_paper`. Raises ConfigError."""
    from engine.config import only_paper

    return only_paper(read_config(options), named=named)


def state_directory(options: Options) -> Path:
    """`--state-dir`, or the XDG state directory."""
    from engine.paths import state_root

    return state_root(os.environ, options.state_dir)


def console_options(
    console: ConsoleConfig, file: Path | None, state_dir: Path, *, real: bool = False
) -> ScreenOptions:
    """The console's options as configured. Raises ConfigError for a theme or key there is none of.

    `file` names the configuration in errors; None where there is none but the environment. A lost
    terminal leaves orders on paper, and cancels those of a `real` account: nobody minds them.
    """
    from console.options import Options as ScreenOptions

    where = "the configuration" if file is None else str(file)
    _check_theme(console.theme, where)
    _check_keys(console.keys, where)
    return ScreenOptions(
        theme=console.theme or ScreenOptions().theme,
        hz=console.hz,
        up_color=console.up_color,
        ascii=console.ascii,
        on_exit=console.on_exit,
        on_hangup=console.on_hangup or ("cancel" if real else "leave"),
        keymap=console.keys,
        state_dir=state_dir,
    )


def _check_theme(theme: str | None, where: str) -> None:
    if theme is None:
        return
    from console.theme import load_themes

    known = [item.name for item in load_themes()]
    if theme not in known:
        hint = did_you_mean(theme, known) or f"; there are {', '.join(known)}"
        raise ConfigError(f'{where}: console.theme: "{theme}" is no theme{hint}')


def _check_keys(keys: dict[str, str], where: str) -> None:
    if not keys:
        return
    from console.keymap import KeymapError, read_keymap

    try:
        read_keymap(keys)
    except KeymapError as error:
        raise ConfigError(f"{where}: console.keys: {error}") from None
