"""What is taken out of texts that leave the machine."""

from __future__ import annotations

import json

import duckdb
import pytest

from elena_wb.store.leaving import FOLDERS, bare, bare_json, bare_uri, shortest_names

TEXTS = {
    "Cannot read /home/anna/x/p.jpg: no such file": "Cannot read p.jpg: no such file",
    "(C:\\Users\\anna\\p.jpg)": "(p.jpg)",
    "at ~/studies/a.txt, and file:///mnt/b/c": "at a.txt, and c",
    "he/she/it and/or 1/2 of https://host.org/a/b?c=/d/e/f": "he/she/it and/or 1/2 of https://host.org/a/b?c=f",
    "dataset=emotic,root=/data/emotic/all": "dataset=emotic,root=all",
    "/only": "/only",
}


@pytest.mark.parametrize("text", TEXTS)
def test_absolute_paths_are_cut_to_their_last_part_in_python_as_in_sql(text: str) -> None:
    if text != "/only":
        assert bare(text) == TEXTS[text]
    with duckdb.connect() as connection:
        ((same,),) = connection.execute("SELECT regexp_replace(?, ?, '\\1', 'g')", [text, FOLDERS]).fetchall()
    assert same == TEXTS[text]


def test_uris_of_models_and_json_keep_what_is_no_folder() -> None:
    for uri, said in {
        "gguf:/home/anna/My Models/x.gguf?ctx=4&mmproj=/home/anna/m.gguf": "gguf:x.gguf?ctx=4&mmproj=m.gguf",
        "openai:http://localhost:8000/v1?model=google/gemma": "openai:http://localhost:8000/v1?model=google/gemma",
        "hf:google/gemma-3-4b-it?dtype=bfloat16": "hf:google/gemma-3-4b-it?dtype=bfloat16",
        "tiny:": "tiny:",
    }.items():
        assert bare_uri(uri) == said
    told = {"uri": "gguf:/m/x.gguf", "files": ["/home/anna lee/y z.bin"], "n": 1, "of": {"é": None}}
    assert json.loads(bare_json(json.dumps(told)) or "") == {
        "uri": "gguf:x.gguf",
        "files": ["y z.bin"],
        "n": 1,
        "of": {"é": None},
    }
    assert bare_json(None) is None


def test_names_bear_as_many_folders_as_tell_them_apart() -> None:
    assert shortest_names(["/a/x/1.jpg", "/b/x/2.jpg"]) == ["1.jpg", "2.jpg"]
    assert shortest_names(["/a/x/1.jpg", "/a/y/1.jpg", "C:\\a\\y\\2.jpg"]) == [
        "x/1.jpg",
        "y/1.jpg",
        "y/2.jpg",
    ]
    assert shortest_names(["/1.jpg", "1.jpg"]) == ["1.jpg", "1.jpg"], "nothing tells these apart"
    assert shortest_names([]) == []
