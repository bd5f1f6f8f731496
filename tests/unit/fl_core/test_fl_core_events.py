"""Live deltas: numbered without gaps, coalesced, the last word always arrives."""

import threading

from pydantic import BaseModel

from fl_core.errors import NotFound
from fl_core.events import Delta, EventBus


class Word(BaseModel):
    text: str


def test_numbers_grow_by_one_in_the_order_of_the_calls_from_many_threads() -> None:
    bus = EventBus()
    heard: list[Delta] = []
    first = bus.seq
    bus.subscribe(heard.append)
    threads = [
        threading.Thread(target=lambda: [bus.publish("word", Word(text="x")) for _ in range(50)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [delta.seq for delta in heard] == list(range(first + 1, first + 401))


def test_a_restarted_bus_counts_above_the_old_one() -> None:
    old = EventBus()
    for _ in range(3):
        old.publish("word", Word(text="x"))
    assert EventBus().seq + 1000 > old.seq


def test_progress_is_told_at_most_four_times_a_second_and_ends_with_the_last_word() -> None:
    bus, last = EventBus(), threading.Event()
    heard: list[Delta] = []

    def listen(delta: Delta) -> None:
        heard.append(delta)
        if delta.data == {"text": "100"}:
            last.set()

    bus.subscribe(listen)
    for number in range(101):
        bus.publish_progress("progress", "a", Word(text=str(number)))
    assert last.wait(5)
    assert len(heard) <= 3
    bus.close()
    bus.close()


def test_progress_that_cannot_be_told_does_not_silence_what_comes_after_it() -> None:
    bus, told = EventBus(), threading.Event()
    bus.subscribe(lambda _delta: told.set())
    failed = threading.Event()

    def gone() -> Word:
        failed.set()
        message = "there is no job"
        raise NotFound(message)

    bus.publish_progress("progress", "a", gone)
    assert failed.wait(5)
    bus.publish_progress("progress", "b", Word(text="x"))
    assert told.wait(5)
    bus.close()


def test_one_broken_listener_does_not_silence_the_others() -> None:
    bus = EventBus()
    heard: list[Delta] = []

    def broken(_delta: Delta) -> None:
        raise RuntimeError

    bus.subscribe(broken)
    bus.subscribe(heard.append)
    bus.publish("word", Word(text="x"))
    assert len(heard) == 1


def test_nothing_is_told_when_there_is_nothing_to_tell() -> None:
    bus = EventBus()
    heard: list[Delta] = []
    bus.subscribe(heard.append)
    before = bus.seq
    assert bus.publish("word", lambda: None) == before
    assert heard == []
