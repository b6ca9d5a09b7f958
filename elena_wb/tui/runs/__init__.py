"""The screen of runs: what was run, how far it came and how well it did, and what can be done with it."""
