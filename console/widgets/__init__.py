"""Widgets that draw views, one file a panel. Every panel has `sync(view)` and repaints only what
changed; call it with each frame, also while the panel is hidden."""
