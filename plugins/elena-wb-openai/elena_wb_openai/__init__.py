"""Any server that speaks OpenAI's chat completions with pictures, for the elena-wb workbench."""
