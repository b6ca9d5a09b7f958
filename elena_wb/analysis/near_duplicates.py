"""Texts that are nearly the same as texts about other pictures.

Two texts are near-duplicates where the sets of their rows of three words overlap by a Jaccard index of .7 or more
(Broder 1997, Proc. Compression and Complexity of Sequences). Candidates are found by MinHash and bands (Leskovec,
Rajaraman & Ullman 2014, *Mining of Massive Datasets*, ch. 3) and every one is checked exactly, so that what is found is
right, and two texts that overlap by .7 or more are found with a probability of .99 or more. Where so many texts
resemble one another that they cannot all be compared, each is compared with some.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from elena_wb.analysis.diversity import Texts, pair_codes

Places: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

THRESHOLD = 0.7
_BANDS, _ROWS = 12, 3
_NEIGHBOURS = 4
"""With so many of those that follow it in a band a text is compared: all, where up to five share it."""
_AT_ONCE = 100_000
_SEED = 20160613


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What repeats among texts.

    ``same`` (bool ``[texts]``): another picture has the same words in the same order; ``near`` (bool ``[texts]``):
    another picture has a near-duplicate, or the same. ``family`` (int64 ``[texts]``) numbers texts that hang together
    by near-duplicates, each of which need not be one of every other.
    """

    same: Flags
    near: Flags
    family: Places


def duplicates(texts: Texts, text: Places, picture: Places, threshold: float = THRESHOLD) -> Duplicates:
    """Find them. ``text`` and ``picture`` (int64 ``[texts]``) are equal where the words, or the pictures, are.

    A text of fewer than three words has no near-duplicates but its equals.
    """
    _, first, which = np.unique(text, return_index=True, return_inverse=True)
    pictures = _only_picture(which, picture, len(first))
    several = pictures < 0
    members = _shingles(texts.taken(first))
    edges = np.zeros((2, 0), dtype=np.int64)
    tested = np.zeros(0, dtype=np.int64)
    elsewhere = several.copy()
    family = np.arange(len(first))
    for pairs in _candidates(members):
        # A pair whose texts are known to hang together, and to have counterparts elsewhere, would tell nothing new.
        settled = (family[pairs[0]] == family[pairs[1]]) & elsewhere[pairs[0]] & elsewhere[pairs[1]]
        pairs = pairs[:, ~settled]
        codes, kept = np.unique(pairs[0] * len(first) + pairs[1], return_index=True)
        new = ~np.isin(codes, tested, assume_unique=True)
        tested = np.concatenate([tested, codes[new]])
        pairs = pairs[:, kept[new]]
        pairs = pairs[:, _overlap(members, pairs) >= threshold]
        if not pairs.shape[1]:
            continue
        edges = np.concatenate([edges, pairs], axis=1)
        apart = several[pairs[0]] | several[pairs[1]] | (pictures[pairs[0]] != pictures[pairs[1]])
        elsewhere[pairs[:, apart].ravel()] = True
        graph = coo_array(
            (np.ones(edges.shape[1], dtype=np.int8), (edges[0], edges[1])), shape=(len(first),) * 2
        )
        family = connected_components(graph, directed=False)[1].astype(np.int64)
    return Duplicates(several[which], elsewhere[which], family[which])


def _only_picture(which: Places, picture: Places, count: int) -> Places:
    """The place of the one picture that each different text is about; -1 where it is about several."""
    _, place = np.unique(picture, return_inverse=True)
    least, most = np.full(count, len(place)), np.full(count, -1)
    np.minimum.at(least, which, place)
    np.maximum.at(most, which, place)
    return np.where(least == most, least, -1).astype(np.int64)


def _shingles(texts: Texts) -> csr_array:
    """Which rows of three words each text has: 1 in int32 ``[texts, rows]``, in order of the rows."""
    pairs, of = pair_codes(texts)
    _, pair = np.unique(pairs, return_inverse=True)
    # A pair and the next one of the same text make three words; that next one ends with the third.
    within = of[1:] == of[:-1]
    codes = (pair[:-1] << 31 | pair[1:])[within]
    _, code = np.unique(codes, return_inverse=True)
    kinds = int(code.max(initial=-1)) + 1
    texts_of = of[1:][within]
    cells = np.unique(texts_of * max(kinds, 1) + code)
    rows, columns = cells // max(kinds, 1), cells % max(kinds, 1)
    starts = np.searchsorted(rows, np.arange(len(texts.starts)))
    return csr_array(
        (np.ones(len(cells), dtype=np.int32), columns, starts), shape=(len(texts.starts) - 1, max(kinds, 1))
    )


def _candidates(members: csr_array) -> Iterator[Places]:
    """Pairs ``[2, pairs]``, smaller place first, band by band: texts with the same least hashes are likely alike."""
    sizes = np.diff(members.indptr)
    having = np.flatnonzero(sizes)
    if len(having) < 2:
        return
    keys = _band_keys(members.indices, members.indptr[:-1][having])
    for band, key in enumerate(keys):
        # Of those that share a band, those that share the next one too come to lie beside one another.
        order = np.lexsort((keys[(band + 1) % _BANDS], key))
        ranked = key[order]
        found = []
        for step in range(1, _NEIGHBOURS + 1):
            equal = np.flatnonzero(ranked[step:] == ranked[:-step])
            found.append(np.stack([having[order[equal]], having[order[equal + step]]]))
        pairs = np.concatenate(found, axis=1)
        yield np.stack([pairs.min(axis=0), pairs.max(axis=0)])


def _band_keys(indices: npt.NDArray[np.int32], starts: Places) -> list[npt.NDArray[np.uint64]]:
    """A key of each text for each band, mixed of the least values that hash functions give its rows of words."""
    rng = np.random.default_rng(_SEED)
    values = indices.astype(np.uint64)
    keys = []
    for _ in range(_BANDS):
        key = np.zeros(len(starts), dtype=np.uint64)
        for _ in range(_ROWS):
            # Multiply-shift (Dietzfelbinger et al. 1997): the upper half of a·x + b modulo 2^64.
            a, b = (rng.integers(0, 2**64, dtype=np.uint64) | np.uint64(1) for _ in range(2))
            least = np.minimum.reduceat((values * a + b) >> np.uint64(32), starts)
            key = (key ^ least) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        keys.append(key)
    return keys


def _overlap(members: csr_array, pairs: Places) -> npt.NDArray[np.float64]:
    """The Jaccard index of each pair, exactly: float64 ``[pairs]``."""
    sizes = np.diff(members.indptr)
    common = np.zeros(pairs.shape[1])
    for start in range(0, pairs.shape[1], _AT_ONCE):
        part = pairs[:, start : start + _AT_ONCE]
        common[start : start + _AT_ONCE] = members[part[0]].multiply(members[part[1]]).sum(axis=1)
    either = np.maximum(sizes[pairs[0]] + sizes[pairs[1]] - common, 1)
    return np.asarray(common / either, dtype=np.float64)
