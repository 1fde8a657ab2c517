"""Orders: what is known of each, the states that follow, and the machine that holds them all."""
