"""Vision-language models that transformers loads, as a plugin of the elena-wb workbench.

``plugin`` is what the host finds, ``provider`` the door; torch and transformers are imported when a model is opened.
"""
