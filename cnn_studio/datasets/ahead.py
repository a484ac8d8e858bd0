"""Works on the next item of an iterator in one thread, while the last one is used."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Generator[Item, None, None]) -> Iterator[Item]:
    """Yield the items in order; the next one is already being made in a thread, never more than one.

    What `items` raises is raised here at its place. No thread is left once this iterator has ended, failed or was
    closed; `items` is closed with it.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="next-batch") as pool:
        try:
            coming = pool.submit(next, items)
            while True:
                try:
                    item = coming.result()
                except StopIteration:
                    return
                coming = pool.submit(next, items)
                yield item
        finally:
            pool.submit(items.close)
