"""Commands that go on in processes of their own, one after the other, whoever started them and whether he stays.

Imports core, errors and store (for the lock on a file).
"""
