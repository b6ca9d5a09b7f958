"""Runs carried out of a store: to other programs in their formats, and to other stores as they are.

May import the engine and everything below it.
"""
