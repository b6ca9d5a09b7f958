"""Making a release: every distribution built, checked, and tried where nothing of the checkout can help it.

``python -m release`` (``make release``) does all of it. Imports the host nowhere: it must also be able to say that the
host cannot be installed.
"""
