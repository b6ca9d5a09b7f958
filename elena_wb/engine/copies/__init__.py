"""Masked copies of pictures, without a model: planned, made in threads, listed beside the copies.

:func:`elena_wb.engine.copies.plan.plan_copies` plans, :mod:`elena_wb.engine.copies.making` does the work. Imports what
the engine may; no run and no model.
"""
