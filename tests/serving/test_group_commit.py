"""Many measurements, one commit; each is answered with what became of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.serving import START_S, HandClocks, counted, loop_on, one_block

from serflow_opt.errors import InputError
from serflow_opt.serving import group_commit
from serflow_opt.serving.group_commit import GroupCommit, Overloaded
from serflow_opt.serving.loop import ControlLoop, Receipt
from serflow_opt.serving.store import StoreError

ONE = one_block()


@pytest.fixture
def loop(tmp_path: Path) -> ControlLoop:
    return loop_on(tmp_path / "s.db", HandClocks())


def test_measurements_share_commits(loop: ControlLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """101 that come at once are one commit, and so are two that come one shortly after the other; each is answered."""
    taken: list[int] = []
    take = loop.take

    def watched(measurements: Any) -> Any:
        taken.append(len(measurements))
        return take(measurements)

    monkeypatch.setattr(loop, "take", watched)

    async def work() -> list[Any]:
        commits = GroupCommit(loop)
        pushes = [commits.push(counted(ONE, 1, source="a", number=k % 100)) for k in range(100)]
        bad = commits.push(counted(ONE, 1, from_s=START_S + 999))
        found = await asyncio.gather(*pushes, bad, return_exceptions=True)
        first = asyncio.create_task(commits.push(counted(ONE, 1)))
        await asyncio.sleep(0)
        found[-1:-1] = await asyncio.gather(first, commits.push(counted(ONE, 1)))
        await commits.close()
        return found

    *good, bad = asyncio.run(work())
    assert good == [Receipt(1)] * 102
    assert isinstance(bad, InputError)
    assert taken == [101, 2]
    assert list(loop.store.counts()) == [(0, int(START_S) - 1, 102.0)]


def test_a_commit_that_fails_is_told_to_all_of_it(loop: ControlLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one goes on."""

    async def work() -> list[Any]:
        commits = GroupCommit(loop)
        with monkeypatch.context() as patched:
            patched.setattr(loop, "take", lambda measurements: (_ for _ in ()).throw(StoreError("full")))
            found = await asyncio.gather(*(commits.push(counted(ONE, 1)) for _ in range(3)), return_exceptions=True)
        found.append(await commits.push(counted(ONE, 1)))
        await commits.close()
        return found

    *failed, good = asyncio.run(work())
    assert all(isinstance(own, StoreError) for own in failed)
    assert good == Receipt(1)


def test_more_than_may_wait_are_turned_away(loop: ControlLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once; those before them are kept."""
    monkeypatch.setattr(group_commit, "MOST_WAITING", 2)

    async def work() -> list[Any]:
        commits = GroupCommit(loop)
        found = await asyncio.gather(*(commits.push(counted(ONE, 1)) for _ in range(4)), return_exceptions=True)
        await commits.close()
        return found

    found = asyncio.run(work())
    assert found[:2] == [Receipt(1)] * 2
    assert all(isinstance(own, Overloaded) for own in found[2:])


def test_who_hangs_up_is_kept_all_the_same(loop: ControlLoop) -> None:
    """The measurement was taken in; nobody else is bothered."""

    async def work() -> Receipt:
        commits = GroupCommit(loop)
        gone = asyncio.create_task(commits.push(counted(ONE, 1)))
        await asyncio.sleep(0)
        gone.cancel()
        other = await commits.push(counted(ONE, 1))
        await commits.decide()
        await commits.close()
        return other

    assert asyncio.run(work()) == Receipt(1)
    assert loop.counts.measurements == 2
