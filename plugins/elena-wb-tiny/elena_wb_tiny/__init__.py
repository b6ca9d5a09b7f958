"""The embedded default model: stimuli it learnt from, training text, training and weights.

Importing this package loads nothing heavy; drawing and learning libraries are imported by the modules that
use them.
"""
