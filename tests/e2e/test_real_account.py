"""A real account on a real terminal: its venue on a bad day, and what must never be seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.e2e.console import console, open_console, run
from tests.e2e.test_looking import free_port
from tests.support.served import served

KEY, SECRET = "canary-key-5d", "canary-secret-6e"


def config(folder: Path, url: str, secret: str = SECRET) -> tuple[str | Path, ...]:
    """The options of a console on a configured account, whose key is in a file."""
    key = folder / "desk.key"
    key.unlink(missing_ok=True)
    key.touch(0o600)
    key.write_text(f'api_key = "{KEY}"\napi_secret = "{secret}"\n')
    path = folder / "desk.toml"
    path.write_text(
        f'[accounts.desk]\nvenue = "bybit"\nenvironment = "local"\nurl = "{url}"\n'
        f'symbols = ["BTCUSDT"]\ncredentials = {{ file = "{key}" }}\n'
    )
    return ("--config", path, "--account", "desk")


def test_f97_neither_key_nor_secret_is_on_screen_in_argv_in_a_file_or_in_an_error(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    with served(key=KEY, secret=SECRET) as exchange:
        with console(state, *config(tmp_path, exchange.url)) as desk:
            desk.order("b", qty="0.010", price="55000")
            desk.wait_for("○ ACKED")
            for key in "123456?":
                desk.press(key, after_s=0.1)
            process = Path(f"/proc/{desk.process.pid}")
            seen = [(process / name).read_bytes() for name in ("cmdline", "environ")]
            page = run("status", "--state-dir", state)
            seen += [page.stdout.encode(), page.stderr.encode()]
            assert "~ the key works from every address" in page.stdout
            desk.press("escape")
            desk.wait_for("HELP", gone=True)
            assert desk.quit() == 0
            seen.append(bytes(desk.written))
        with open_console(state, *config(tmp_path, exchange.url, secret="canary-wrong")) as wrong:
            assert wrong.wait() == 1
            assert "local refused the key" in wrong.last_words()
            seen.append(bytes(wrong.written))
    seen += [path.read_bytes() for path in state.rglob("*") if path.is_file()]
    for canary in (KEY, SECRET, "canary-wrong"):
        assert [data[:200] for data in seen if canary.encode() in data] == []


def test_an_account_whose_venue_is_away_opens_counts_down_and_joins(tmp_path: Path) -> None:
    port = free_port()
    options = config(tmp_path, f"http://127.0.0.1:{port}")
    state = tmp_path / "state"
    with open_console(state, *options) as desk:
        desk.wait_for(lambda text: re.search(r"VENUE UNREACHABLE 0:\d\d", text))
        page = run("status", "--state-dir", state)
        assert "venue unreachable: no connection: Connection refused; " in page.stdout
        document = json.loads(run("--state-dir", state, "status", "--json").stdout)
        assert document["health"]["status"] == "starting"
        with served(port=port, key=KEY, secret=SECRET):
            desk.ready()
            assert "UNREACHABLE" not in desk.text
            desk.order("b", qty="0.010", price="55000")
            desk.wait_for("○ ACKED")
            assert desk.quit() == 0
