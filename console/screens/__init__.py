"""Screens: the main one with its panels, and the sheets that open over it."""
