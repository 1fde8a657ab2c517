"""Hosts: whole engines with everything around them, one for each way of running."""
