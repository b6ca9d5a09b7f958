"""Runs of the elena-wb workbench spread over a Ray cluster."""
