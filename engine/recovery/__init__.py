"""From the journal to a running state again: replay, snapshots, and what has left memory."""
