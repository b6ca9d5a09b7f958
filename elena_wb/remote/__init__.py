"""What providers of models that are asked over a network share: keys, prices, limits, pictures on the wire.

Plugins import what they need from the modules here. May import the core, the user's folders and ``offline``.
"""
