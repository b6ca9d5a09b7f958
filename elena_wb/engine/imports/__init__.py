"""Answers published by others, taken into the store as runs and linked to the pictures they are about.

:mod:`elena_wb.engine.imports.importing` does the work. Imports what the engine may.
"""
