"""Google's Gemini models for the elena-wb workbench, through Google's own client.

``plugin`` is what the host finds, ``provider`` the door. ``asking`` makes what is sent of a request and ``reply``
reads what comes back; ``model`` asks at once, ``batch`` overnight at half the price. google-genai is imported when a
model is opened.
"""
