"""Google's Gemini models for the elena-wb workbench."""
