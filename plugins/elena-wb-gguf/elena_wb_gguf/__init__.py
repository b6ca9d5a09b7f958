"""Quantised vision-language models through llama.cpp, on this machine, for the elena-wb workbench."""
