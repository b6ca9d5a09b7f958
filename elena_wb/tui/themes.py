"""Themes of high contrast, beside those that the toolkit brings: every colour of text is at least 7:1 on its ground."""

from __future__ import annotations

from textual.theme import Theme

HIGH_CONTRAST = (
    Theme(
        name="high-contrast-dark",
        primary="#00e5ff",
        secondary="#ffea00",
        accent="#ffea00",
        warning="#ffd000",
        error="#ff9a9a",
        success="#7dff7d",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#1a1a1a",
        boost="#262626",
        dark=True,
        variables={
            "text-muted": "#e0e0e0",
            "text-disabled": "#c0c0c0",
            "block-cursor-background": "#ffea00",
            "block-cursor-foreground": "#000000",
            "block-cursor-text-style": "bold",
            "footer-key-foreground": "#ffea00",
            "input-selection-background": "#00e5ff 50%",
        },
    ),
    Theme(
        name="high-contrast-light",
        primary="#00358a",
        secondary="#5b0060",
        accent="#5b0060",
        warning="#5c3a00",
        error="#8a0010",
        success="#00460a",
        foreground="#000000",
        background="#ffffff",
        surface="#ffffff",
        panel="#ededed",
        boost="#e0e0e0",
        dark=False,
        variables={
            "text-muted": "#262626",
            "text-disabled": "#404040",
            "block-cursor-background": "#00358a",
            "block-cursor-foreground": "#ffffff",
            "block-cursor-text-style": "bold",
            "footer-key-foreground": "#00358a",
        },
    ),
)
