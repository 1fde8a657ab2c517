"""Deciding: what each kind of input means, given what is known; `judge` is the entrance."""
