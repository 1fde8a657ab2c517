"""The pure heart: what an order is, what it may become, and who decides.

Nothing here reads a clock, a file, a socket, a random source or the environment; the standard
library and msgspec are all it imports. Read in this order: `types`, `instruments`, `commands`,
`reports`, `events`, `orders`, `positions`, `risk`, `state`, `decide`, `react`.
"""
