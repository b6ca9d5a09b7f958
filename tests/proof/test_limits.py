"""Limits by the minute and by the day hold over all processes of a user, at the same time and one after another."""

from __future__ import annotations

from tests.conftest import Program
from tests.loopback import Unreliable
from tests.proof.remotes import GEMINI, OPENAI, Pictures, Remote, only, rows


@only(GEMINI)
def test_two_processes_share_a_limit_by_the_day_and_the_next_one_remembers(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folders = [pictures(12, "first", seed=1), pictures(12, "second", seed=2)]
    with Unreliable(remote.api(), delay=0.02) as server:
        uri = remote.uri(server, requests_per_day=15)
        both = [
            program.start("run", str(folder), "-m", uri, "-p", "naive", "--name", folder.name)
            for folder in folders
        ]
        said = [process.communicate(timeout=60) for process in both]
        assert len(server.asked) == 15
        codes = [process.returncode for process in both]
        assert set(codes) <= {0, 4}, said
        assert 4 in codes, said
        again = program(
            "run", str(folders[codes.index(4)]), "-m", uri, "-p", "naive", "--name", "third", code=None
        )
        assert again.returncode in (1, 4)
        assert len(server.asked) == 15
        assert "day" in again.stderr or "24 hours" in again.stderr
    assert rows(program, "SELECT count(*) FROM generations WHERE status = 'ok'") == [["15"]]


@only(OPENAI)
def test_a_limit_by_the_minute_is_never_exceeded_by_two_processes(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folders = [pictures(10, "first", seed=1), pictures(10, "second", seed=2)]
    with Unreliable(remote.api(), delay=0.02) as server:
        uri = remote.uri(server, requests_per_minute=12)
        both = [
            program.start("run", str(folder), "-m", uri, "-p", "naive", "--name", folder.name)
            for folder in folders
        ]
        for _ in range(1200):
            if len(server.asked) >= 12 or all(process.poll() is not None for process in both):
                break
            server.closing.wait(0.05)
        server.closing.wait(1.5)
        seen = len(server.asked)
        for process in both:
            process.kill()
            process.communicate()
    assert seen == 12
