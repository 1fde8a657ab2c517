from __future__ import annotations

from hashlib import sha256

from engine.journal.chain import Identity, genesis, link, seal

IDENTITY = Identity("paper", "paper", "bybit")


def test_a_row_hash_can_be_computed_with_any_tool() -> None:
    previous = genesis(IDENTITY)
    assert previous == sha256(b'[1,"paper","paper","bybit"]').digest()
    row = b'7 1723161600000000000 order {"event":"order"}'
    assert link(previous, 7, 1_723_161_600_000_000_000, b"order", b'{"event":"order"}') == (
        sha256(previous + row).digest()
    )


def test_the_owners_name_is_in_the_chain_as_utf_8() -> None:
    owner = Identity('"dësk"\n', "paper", "bybit")
    assert genesis(owner) == sha256('[1,"\\"dësk\\"\\n","paper","bybit"]'.encode()).digest()


def test_each_owner_has_a_chain_of_its_own() -> None:
    owners = [IDENTITY, Identity("paper", "paperbybit", ""), Identity("desk", "paper", "bybit")]
    assert len({genesis(owner) for owner in owners}) == 3


def test_a_snapshot_is_tied_to_its_row() -> None:
    assert seal(genesis(IDENTITY), b"state") != seal(genesis(Identity("a", "b", "c")), b"state")
    assert seal(genesis(IDENTITY), b"state") != seal(genesis(IDENTITY), b"State")
