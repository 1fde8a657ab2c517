"""The journal: the durable, ordered, tamper-evident list of everything that happened.

    journal     create_journal(...): the one writer, an engine
    reader      open_for_reading(path): anybody else, also while an engine writes
    process     the engine's end of the process that writes, `program`

Beside `journal.db` SQLite keeps `-wal` and `-shm`; `.lock` names the owner and `.acked` the newest
acknowledged event. A journal that was closed in order is a single file again, but for the
snapshots of the state, `.state-<seq>`, which only make a start quicker.

Nothing is imported here: the program that writes starts with as little as it needs.
"""
