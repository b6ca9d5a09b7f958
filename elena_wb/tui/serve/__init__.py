"""The interface in a browser: a guarded server, and the process of each visitor."""
