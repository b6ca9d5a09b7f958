"""Which key of the attention is which rectangle of the picture, for each architecture where that is known.

:func:`layout` answers for one request of a batch, :func:`require_known` says beforehand whether there will be an
answer. One module holds one family of architectures and may import ``case`` and ``layout`` and no other family.
"""

from elena_wb_hf.geometry.known import layout, require_known
from elena_wb_hf.geometry.layout import Layout

__all__ = ["Layout", "layout", "require_known"]
