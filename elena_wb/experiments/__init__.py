"""Declared studies: a file says what is asked of which models, and one command plans, runs, resumes and reports it.

May import everything below the interface and the command line.
"""
