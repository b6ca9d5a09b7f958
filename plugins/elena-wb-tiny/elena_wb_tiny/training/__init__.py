"""How the shipped weights were made: tokenizer, model shape, picture pools, vision warm-up, language stage, evaluation.

Nothing here is needed to use the model. `python -m elena_wb_tiny.training --out DIR` runs every step; needs torch
and transformers besides the package's own dependencies.
"""
