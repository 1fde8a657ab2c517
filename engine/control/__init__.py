"""The control server, and the looks at an engine's health that it hands out."""
