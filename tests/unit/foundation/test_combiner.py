"""Group commit: every caller gets an answer, its own, whatever happens to its batch."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mekong.foundation.combiner import Busy, Combiner, Serving, Stopped, combiners
from mekong.foundation.errors import Conflict, Unavailable

Make = Callable[..., Combiner[Any, Any]]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Combiner[Any, Any]] = []

    def build(serve: Any, **options: Any) -> Combiner[Any, Any]:
        made.append(Combiner("test", serve, **options))
        return made[-1]

    yield build
    for each in made:
        each.stop(2)


class _Gate:
    """Serves nothing until it is opened; remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self, requests: Sequence[int]) -> list[int]:
        self.batches.append(list(requests))
        self.entered.set()
        assert self.open.wait(60)
        return [request * 2 for request in requests]


def _wait_for(condition: Callable[[], bool]) -> None:
    waiter = threading.Event()
    for _ in range(2000):
        if condition():
            return
        waiter.wait(0.005)
    raise AssertionError("never came true")


def test_what_arrives_while_a_batch_is_served_forms_the_next(make: Make) -> None:
    gate = _Gate()
    combiner = make(gate)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(combiner.call, 0)
        assert gate.entered.wait(60)
        others = [pool.submit(combiner.call, number) for number in range(1, 9)]
        _wait_for(lambda: len(combiner._waiting) == 8)
        gate.open.set()
        assert first.result(5) == 0
        assert [each.result(5) for each in others] == [number * 2 for number in range(1, 9)]
    assert [len(batch) for batch in gate.batches] == [1, 8]


def test_a_batch_is_no_larger_than_allowed(make: Make) -> None:
    gate = _Gate()
    combiner = make(gate, max_batch=3)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(combiner.call, 0)
        assert gate.entered.wait(60)
        others = [pool.submit(combiner.call, number) for number in range(1, 8)]
        _wait_for(lambda: len(combiner._waiting) == 7)
        gate.open.set()
        assert sorted(each.result(5) for each in (first, *others)) == [number * 2 for number in range(8)]
    assert [len(batch) for batch in gate.batches] == [1, 3, 3, 1]


class _Steps:
    """Serves in two steps, each held up until its gate is open; a batch that begins with -1 fails before it pauses."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.begin = [threading.Event() for _ in range(3)]
        self.end = [threading.Event() for _ in range(3)]

    def __call__(self, requests: Sequence[int]) -> Serving[int]:
        at = len(self.sizes)
        self.sizes.append(len(requests))
        assert self.begin[at].wait(60)
        if requests[0] == -1:
            raise Unavailable
        yield
        assert self.end[at].wait(60)
        return [request * 2 for request in requests]


@pytest.mark.parametrize("crowd", [60, 2])
def test_a_batch_is_told_while_the_next_is_written_in_a_crowd_and_at_once_without(make: Make, crowd: int) -> None:
    steps = _Steps()
    combiner = make(steps)
    with ThreadPoolExecutor(61) as pool:
        first = pool.submit(combiner.call, 0)
        _wait_for(lambda: steps.sizes == [1])
        others = [pool.submit(combiner.call, number) for number in range(1, crowd + 1)]
        _wait_for(lambda: len(combiner._waiting) == crowd)
        steps.begin[0].set()
        steps.end[0].set()
        _wait_for(lambda: len(steps.sizes) == 2)
        if crowd == 60:
            assert not first.done()
            steps.begin[1].set()
        assert first.result(5) == 0
        assert not any(each.done() for each in others)
        steps.begin[1].set()
        steps.end[1].set()
        assert sorted(each.result(5) for each in others) == [number * 2 for number in range(1, crowd + 1)]


def test_a_batch_is_told_though_the_next_fails(make: Make) -> None:
    steps = _Steps()
    combiner = make(steps)
    with ThreadPoolExecutor(61) as pool:
        first = pool.submit(combiner.call, 0)
        _wait_for(lambda: steps.sizes == [1])
        others = [pool.submit(combiner.call, -1)]
        _wait_for(lambda: len(combiner._waiting) == 1)
        others += [pool.submit(combiner.call, number) for number in range(59)]
        _wait_for(lambda: len(combiner._waiting) == 60)
        for gate in (*steps.begin, *steps.end):
            gate.set()
        assert first.result(5) == 0
        assert all(isinstance(each.exception(5), Unavailable) for each in others)


def test_one_bad_request_spoils_nothing_for_its_neighbours(make: Make) -> None:
    entered, go = threading.Event(), threading.Event()

    def serve(requests: Sequence[int]) -> list[int]:
        entered.set()
        assert go.wait(60)
        if 13 in requests:
            raise ZeroDivisionError("13")
        return list(requests)

    combiner = make(serve)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(combiner.call, 1)
        assert entered.wait(60)
        good = [pool.submit(combiner.call, number) for number in (2, 3, 4)]
        bad = pool.submit(combiner.call, 13)
        _wait_for(lambda: len(combiner._waiting) == 4)
        go.set()
        assert [each.result(5) for each in (first, *good)] == [1, 2, 3, 4]
        with pytest.raises(ZeroDivisionError):
            bad.result(5)


def test_an_exception_as_an_answer_is_that_callers_alone(make: Make) -> None:
    combiner = make(lambda requests: [Conflict() if request == 2 else request for request in requests])
    assert combiner.call(1) == 1
    with pytest.raises(Conflict):
        combiner.call(2)


def test_unavailable_is_told_to_all_and_nothing_is_served_twice(make: Make) -> None:
    served: list[list[int]] = []
    entered, go = threading.Event(), threading.Event()

    def serve(requests: Sequence[int]) -> list[int]:
        entered.set()
        assert go.wait(60)
        served.append(list(requests))
        raise Unavailable

    combiner = make(serve)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(combiner.call, 0)]
        assert entered.wait(60)
        calls += [pool.submit(combiner.call, number) for number in (1, 2, 3)]
        _wait_for(lambda: len(combiner._waiting) == 3)
        go.set()
        raised = [each.exception(5) for each in calls]
    assert all(isinstance(each, Unavailable) for each in raised)
    assert len({id(each) for each in raised}) == 4
    assert sorted(number for batch in served for number in batch) == [0, 1, 2, 3]


@pytest.mark.parametrize("fatal", [SystemExit, GeneratorExit])
def test_the_thread_outlives_what_ends_threads(make: Make, fatal: type[BaseException]) -> None:
    def serve(requests: Sequence[int]) -> list[int]:
        if 13 in requests:
            raise fatal
        return list(requests)

    combiner = make(serve)
    with pytest.raises(Unavailable) as raised:
        combiner.call(13)
    assert isinstance(raised.value.__cause__, fatal)
    assert combiner.call(1) == 1


def test_too_few_answers_are_a_defect_that_every_caller_hears_of(make: Make) -> None:
    combiner = make(lambda requests: [])
    with pytest.raises(RuntimeError, match="0 answers to 1 requests"):
        combiner.call(1)
    with pytest.raises(RuntimeError):
        combiner.call(1)


def test_beyond_the_limit_a_request_is_refused_as_busy(make: Make) -> None:
    gate = _Gate()
    combiner = make(gate, max_waiting=2)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(combiner.call, 0)]
        assert gate.entered.wait(60)
        calls += [pool.submit(combiner.call, number) for number in (1, 2)]
        _wait_for(lambda: len(combiner._waiting) == 2)
        with pytest.raises(Busy):
            combiner.call(3)
        gate.open.set()
        assert [each.result(5) for each in calls] == [0, 2, 4]


def test_stopping_serves_who_waits_and_refuses_who_comes(make: Make) -> None:
    gate = _Gate()
    finished = threading.Event()
    combiner = make(gate, finish=finished.set)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(combiner.call, 0)]
        assert gate.entered.wait(60)
        calls.append(pool.submit(combiner.call, 1))
        _wait_for(lambda: len(combiner._waiting) == 1)
        stopping = pool.submit(combiner.stop)
        _wait_for(lambda: combiner._stopping)
        with pytest.raises(Stopped):
            combiner.call(2)
        gate.open.set()
        stopping.result(5)
        assert [each.result(5) for each in calls] == [0, 2]
    assert finished.is_set()
    assert combiner.call(3) == 6


def test_no_request_is_lost_to_a_stop_at_the_same_moment(make: Make) -> None:
    combiner = make(lambda requests: list(requests))
    answered = 0
    with ThreadPoolExecutor(8) as pool:
        for _ in range(150):
            calls = [pool.submit(combiner.call, number) for number in range(6)]
            pool.submit(combiner.stop).result(5)
            for each in calls:
                try:
                    each.result(5)
                    answered += 1
                except Stopped:
                    pass
    assert answered


def test_coroutines_and_threads_share_a_batch(make: Make) -> None:
    combiner = make(lambda requests: [Conflict() if request == 3 else request * 2 for request in requests])

    async def ask() -> list[Any]:
        asked = [combiner.acall(number) for number in range(5)]
        return await asyncio.gather(*asked, asyncio.to_thread(combiner.call, 9), return_exceptions=True)

    answers = asyncio.run(ask())
    assert isinstance(answers.pop(3), Conflict)
    assert answers == [0, 2, 4, 8, 18]


def test_callers_of_a_loop_that_ended_hurt_nobody(make: Make) -> None:
    gate = _Gate()
    combiner = make(gate)

    async def give_up() -> None:
        task = asyncio.ensure_future(combiner.acall(1))
        await asyncio.sleep(0)
        await asyncio.to_thread(gate.entered.wait, 5)
        task.cancel()

    asyncio.run(give_up())
    gate.open.set()
    assert combiner.call(2) == 4


def test_a_caller_that_gives_up_gets_no_answer_and_the_others_theirs(make: Make) -> None:
    gate = _Gate()
    combiner = make(gate)

    async def ask() -> Any:
        tasks = [asyncio.ensure_future(combiner.acall(number)) for number in (1, 2)]
        await asyncio.to_thread(gate.entered.wait, 5)
        tasks[0].cancel()
        gate.open.set()
        return await tasks[1]

    assert asyncio.run(ask()) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process")
def test_a_forked_process_has_a_thread_of_its_own(make: Make) -> None:
    combiner = make(lambda requests: [(os.getpid(), request) for request in requests])
    assert combiner.call(1) == (os.getpid(), 1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, repr(combiner.call(2)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        assert answer.read() == repr((child, 2))
    os.waitpid(child, 0)


def test_it_counts_its_batches_and_what_was_in_them(make: Make) -> None:
    combiner = make(lambda requests: list(requests))
    assert [combiner.call(1), combiner.call(2)] == [1, 2]
    assert (combiner.batches, combiner.requests) == (2, 2)
    assert 0 < combiner.seconds < 5
    assert combiner in combiners()
