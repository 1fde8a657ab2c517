"""The weighty confirmations: resuming after a halt, flattening, arming on a live account."""

from __future__ import annotations

from console.screens.confirm import Typed, TypedConfirm


def release_screen(account: str, halted_by: str, reason: str, symbol: str = "") -> TypedConfirm:
    """Resume trading, or that of one market: the account's name and a reason. It gives both."""
    why = f", {reason}" if reason else ""
    return TypedConfirm(
        "RESUME TRADING",
        f"{f'{symbol} on {account}' if symbol else account} was halted by {halted_by}{why}.\n"
        "New orders will be let through again. The engine checks that nothing is left in doubt.",
        (
            Typed("Account", lambda text: None if text == account else f"type {account}"),
            Typed("Reason", lambda text: None if text else "say why it is safe"),
        ),
    )


def flatten_screen(account: str, positions: int) -> TypedConfirm:
    """Close every position at market: the word FLATTEN and the account's name."""
    phrase = f"FLATTEN {account}"
    return TypedConfirm(
        "FLATTEN",
        f"Cancels every order, protective stops too, and closes {positions} "
        f"position{'' if positions == 1 else 's'} on {account} at market, reduce-only.\n"
        f"To confirm, type: {phrase}",
        (Typed("Type", lambda text: None if text == phrase else f"type {phrase}"),),
    )


def arm_screen(account: str) -> TypedConfirm:
    """Arm on a live account: the last four characters of its name."""
    tail = account[-4:]
    return TypedConfirm(
        "ARM",
        f"LIVE account {account}: for 5 minutes Enter in the ticket sends at once.",
        (Typed("Last four", lambda text: None if text == tail else "not this account"),),
    )
