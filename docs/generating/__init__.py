"""The reference pages that follow from the code: a module for each, which returns its Markdown."""
