"""Benchmarks: ratios against a named baseline measured in the same run, printed as one table.

Nothing here is a test: times depend on the machine, and a ratio that misses its goal is shown, not failed.
"""
