import threading
from collections import deque

import pytest
from PySide6.QtCore import QObject, QThread, QTimer, Slot

from cnn_studio.ui.bridge import Bridge


class Box:
    """A mailbox as the runs have one: filled by a thread, emptied by the window."""

    def __init__(self):
        self._waiting = deque()
        self.drains = 0

    def put(self, event):
        self._waiting.append(event)

    def drain(self):
        self.drains += 1
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken


class Listener(QObject):
    def __init__(self):
        super().__init__()
        self.batches = []
        self.threads = set()

    @Slot(list)
    def take(self, events):
        self.batches.append(events)
        self.threads.add(QThread.currentThread())


@pytest.fixture
def bridge(qtbot):
    made = Bridge()
    yield made
    made.unwatch()


def test_events_of_a_thread_arrive_in_order_in_few_batches_on_the_gui_thread(bridge, qtbot):
    box, listener = Box(), Listener()
    bridge.events.connect(listener.take)
    bridge.watch(box)

    def work():
        for number in range(20_000):
            box.put(number)

    worker = threading.Thread(target=work)
    worker.start()
    qtbot.waitUntil(lambda: sum(map(len, listener.batches)) == 20_000, timeout=5000)
    worker.join()
    assert [number for batch in listener.batches for number in batch] == list(range(20_000))
    assert len(listener.batches) < 200
    assert listener.threads == {listener.thread()}


def test_nothing_runs_while_nothing_is_watched(bridge, qtbot):
    timer = bridge.findChild(QTimer)
    assert not bridge.is_watching
    assert not timer.isActive()
    bridge.watch(Box())
    assert bridge.is_watching
    assert timer.isActive()
    bridge.unwatch()
    assert not timer.isActive()
    bridge.unwatch()  # a second time is harmless


def test_empty_mailboxes_say_nothing(bridge, qtbot):
    box, listener = Box(), Listener()
    bridge.events.connect(listener.take)
    bridge.watch(box)
    qtbot.waitUntil(lambda: box.drains >= 3)
    assert listener.batches == []


def test_the_last_events_come_when_watching_ends_or_changes(bridge, qtbot):
    first, second, listener = Box(), Box(), Listener()
    bridge.events.connect(listener.take)
    bridge.watch(first)
    first.put("a")
    bridge.watch(second)
    assert listener.batches == [["a"]]
    second.put("b")
    bridge.unwatch()
    assert listener.batches == [["a"], ["b"]]
    second.put("c")
    bridge.drain()
    assert listener.batches == [["a"], ["b"]]


def test_a_listener_may_end_the_watching(bridge, qtbot):
    box = Box()
    seen = []

    def stop(events):
        seen.extend(events)
        bridge.unwatch()

    bridge.events.connect(stop)
    bridge.watch(box)
    box.put(1)
    qtbot.waitUntil(lambda: seen == [1])
    assert not bridge.is_watching
