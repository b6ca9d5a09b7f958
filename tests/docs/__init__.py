"""Runs the examples of the documentation: what a page shows is what the program does.

A page is Markdown. Of its fenced blocks:

``console``
    Lines that begin with ``$`` are commands (``\\`` at the end goes on in the next line), run in order by bash in one
    folder per page, at a terminal of 100 columns. They must exit with 0, or with the status that a comment behind the
    command names: ``# exits with 4``. What stands under a command is what it prints: all of it, or the parts between
    lines of ``…``; ``…`` in a line is any text. Times and paths of the machine are not compared. What goes to stderr
    may be left out.
``python``
    Run in order, in one namespace per page and in the same folder.
``toml``
    Must be TOML.
``sql``
    A query that the page's store must answer.

HTML comments, which no reader sees, say more:

``<!-- set-up: COMMAND -->``
    Run before the page's first example, in the same folder. ``plant emotic DIR`` (``heco``, ``besst``) makes data of
    that layout; ``$DOCS`` is the folder of the pages. Pages with the same set-up share its work.
``<!-- file: PATH -->``
    Before a block: it is the content of that file.
``<!-- not run: REASON -->``
    Before a block: it needs what a test has not. Its ``elena-wb`` command lines are still held against the real
    verbs and options.

``python -m tests.docs PAGE…`` prints what the commands of a page print, to be pasted; without a page it counts.
"""
