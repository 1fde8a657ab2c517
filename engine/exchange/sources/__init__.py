"""Where the simulated exchange's market comes from: a recording, or a seeded generator."""
