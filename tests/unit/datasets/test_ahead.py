import threading
import time

import pytest

from cnn_studio.datasets.ahead import one_ahead


def makers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("next-batch")]


def numbers(count, made, closed=None):
    try:
        for number in range(count):
            made.append((number, threading.current_thread().name))
            yield number
    finally:
        if closed is not None:
            closed.append(True)


def test_all_items_come_in_order_from_one_other_thread() -> None:
    made = []
    assert list(one_ahead(numbers(20, made))) == list(range(20))
    names = {name for _, name in made}
    assert len(names) == 1
    assert threading.current_thread().name not in names
    assert makers() == []


def test_one_item_is_made_ahead_and_never_two() -> None:
    made = []
    items = one_ahead(numbers(10, made))
    assert next(items) == 0
    deadline = time.monotonic() + 5
    while len(made) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.05)
    assert [number for number, _ in made] == [0, 1]
    items.close()


def test_closing_ends_the_thread_and_what_it_reads() -> None:
    closed = []
    items = one_ahead(numbers(10, [], closed))
    next(items)
    assert makers()
    items.close()
    assert makers() == []
    assert closed == [True]


def test_an_error_comes_at_its_place() -> None:
    def failing():
        yield 1
        raise OSError("the disk is gone")

    items = one_ahead(failing())
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)
    assert makers() == []


def test_nothing_runs_before_the_first_item_is_asked_for() -> None:
    made = []
    items = one_ahead(numbers(3, made))
    items.close()
    assert made == []
    assert makers() == []
