"""The status document on one screen of plain text, for tired people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]


def status_page(document: Document) -> str:
    """The page. Text from elsewhere is shown with its control characters replaced."""
    return "\n".join(_printable(line) for line in _lines(document))


def _lines(document: Document) -> Iterator[str]:
    health, reconcile = document["health"], document["reconcile"]
    program = f"tradedeck {document['version'] or '(not installed)'}, pid {document['pid']}"
    names = (health["account"], health["mode"], health["trading"], health["status"].upper())
    once = {name.upper(): name for name in names}  # the account `paper` in mode PAPER is one word
    yield f"{'  '.join(once.values())}    {program}, up {_span(health['uptime_s'])}"
    for problem in health["problems"]:
        yield f"  ! {problem}"
    for warning in document.get("warnings", ()):
        yield f"  ~ {warning}"
    yield ""
    links = ", ".join(f"{name} {'up' if up else 'DOWN'}" for name, up in health["links"].items())
    yield f"links       {links}"
    yield f"reconcile   {_reconcile(health, reconcile)}"
    lags = f"{health['journal_lag_s']:.3f} s behind; loop {health['loop_lag_s']:.3f} s"
    yield f"journal     {lags}"
    if health.get("clock_offset_ms") is not None:
        offset = f"{health['clock_offset_ms']:+.1f} ms from ours"
        yield f"clock       the venue's is {offset}, measured {health['clock_age_s']:.0f} s ago"
    dcp = health.get("dcp") or {}
    if dcp.get("wanted_s"):
        yield f"cut off     {_dcp(dcp)}"
    states = ", ".join(f"{count} {state}" for state, count in document["orders"].items())
    yield f"open orders {health['open_orders']}{f': {states}' if states else ''}"
    for number, position in enumerate(document["positions"]):
        yield f"{'positions' if not number else '':<12}{_position(position)}"
    if document.get("margin_age_s") is not None:
        yield f"margin      {_margin(document['margin'], document['margin_age_s'])}"
    if document.get("settings"):
        yield f"settings    {', '.join(map(_setting, document['settings']))}"
    sent = [row for row in document["requests"] if row["count"]]
    for number, row in enumerate(sent):
        yield f"{'requests' if not number else '':<12}{_requests(row)}"
    for number, row in enumerate(health.get("breakers", ())):
        yield f"{'breakers' if not number else '':<12}{row['name']} {_breaker(row)}"
    if health["input"]["count"]:
        yield f"unreadable  {_unreadable(health['input'])}"
    if document["replay"]:
        yield f"recording   {_replay(document['replay'])}"
    if document.get("metrics_port") is not None:
        yield f"metrics     http://127.0.0.1:{document['metrics_port']}/metrics"
    if document["kill"]:
        yield f"kill        {_kill(document['kill'])}"


def _reconcile(health: Document, reconcile: Document) -> str:
    age = health["reconcile_age_s"]
    passed = "never passed" if age is None else f"passed {age:.1f} s ago"
    drift = ", ".join(str(row["symbol"]) for row in reconcile["drift"])
    return f"{passed}, took {reconcile['duration_s'] * 1e3:.0f} ms; drift {drift or 'none'}"


def _position(row: Document) -> str:
    unrealized = "unpriced" if row["unrealized_pnl"] is None else row["unrealized_pnl"]
    return (
        f"{row['symbol']} {row['qty']} at {row['avg_entry_price'] or '-'}{_leverage(row)}, "
        f"mark {row['mark_price'] or '-'}{_liquidated(row)}; unrealized {unrealized}, "
        f"realized {row['realized_pnl']}, fees {row['fees']} {row['currency']}"
    )


def _margin(margin: Document, age_s: float) -> str:
    """What is not told is not there: the status leaves out what is None."""
    names = ("equity", "initial_margin", "maintenance_margin")
    told = [f"{name.replace('_', ' ')} {margin[name]}" for name in names if margin.get(name)]
    return f"{', '.join(told) or 'not told by the venue'}; {age_s:.0f} s ago"


def _setting(row: Document) -> str:
    return f"{row['symbol']}{_leverage(row)}{' hedge' if row.get('hedged') else ''}"


def _liquidated(row: Document) -> str:
    return f", liquidated at {row['liq_price']}" if row.get("liq_price") else ""


def _leverage(row: Document) -> str:
    return f" {row['leverage']}x" if row.get("leverage") else ""


def _dcp(dcp: Document) -> str:
    """What the venue does when it hears nothing of us, and whether it has said so."""
    wanted = f"the venue cancels every order after {dcp['wanted_s']} s without us"
    if not dcp["read_ts"]:
        return f"{wanted}; asked for, not read back yet"
    if dcp["set_s"] == dcp["wanted_s"]:
        return f"{wanted}, as it confirms"
    return f"{wanted}: NOT CONFIRMED, {dcp['error'] or 'it is ' + str(dcp['set_s'] or 'off')}"


def _requests(row: Document) -> str:
    return (
        f"{row['kind']} {row['count']}: p50 {row['p50_s'] * 1e3:.1f} ms, "
        f"p99 {row['p99_s'] * 1e3:.1f} ms, retries {row['retries']}, timeouts {row['timeouts']}"
    )


def _breaker(row: Document) -> str:
    return f"{row['state']}: {row['reason']}" if row["reason"] else str(row["state"])


def _unreadable(found: Document) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found["kinds"].items()))
    return f"{found['count']} from the venue ({kinds}); last {found['last']}"


def _replay(replay: Document) -> str:
    length = replay["last_ts"] - replay["first_ts"]
    done = (replay["now_ts"] - replay["first_ts"]) / length if length else 1.0
    state = "finished" if replay["finished"] else "paused" if replay["paused"] else "playing"
    count = replay.get("faults", 0)
    faults = f"; {count} bad line{'' if count == 1 else 's'}, {replay['fault']}" if count else ""
    stands = f"{min(max(done, 0.0), 1.0):.0%} of {length / 1e9:.0f} s"
    return f"{stands} at {replay['speed']}x, {state}{faults}"


def _kill(kill: Document) -> str:
    if kill["verified_zero_at"]:
        return f"level {kill['level']} by {kill['by']}: verified zero"
    left = ", ".join(kill["residual"])
    state = "INCOMPLETE" if kill["done"] else "under way"
    return f"level {kill['level']} by {kill['by']}: {state}{f', left: {left}' if left else ''}"


def _span(total_s: float) -> str:
    minutes, secs = divmod(int(total_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{secs:02}"


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in line)
