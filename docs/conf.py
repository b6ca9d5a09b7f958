"""How the documentation becomes a site: ``make docs``. The pages are plain Markdown and read as well without it."""

from __future__ import annotations

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]

project = "elena-wb"
author = "elena-wb contributors"
release = version = _PROJECT["version"]
project_copyright = "elena-wb contributors"
smartquotes = False

extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["generate", "examples/*/.*", "**/README-*.md"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
nitpicky = True

html_theme = "furo"
html_title = "elena-wb"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
html_static_path = ["site"]
html_css_files = ["site.css"]

copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"
copybutton_only_copy_prompt_lines = True
