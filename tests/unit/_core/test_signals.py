"""Signals wait for the end of a block, and none is lost."""

import signal
from threading import Thread

import pytest

from rgrbm._core.signals import signals_held_back

NUMBERS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def handlers():
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def test_ctrl_c_waits_for_the_end_of_the_block(handlers):
    done = []

    def work():
        with signals_held_back():
            signal.raise_signal(signal.SIGINT)
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all"]
    assert signal.getsignal(signal.SIGINT) is handlers[signal.SIGINT]


def test_every_signal_is_answered_by_its_own_handler_in_order(handlers):
    heard = []

    def answer(number, frame):
        heard.append((number, frame.f_code.co_name))
        raise ValueError(number)

    for number in NUMBERS:
        signal.signal(number, answer)

    def work():
        with signals_held_back():
            for number in NUMBERS:
                signal.raise_signal(number)
            assert heard == []

    with pytest.raises(ValueError, match=str(int(NUMBERS[1]))):
        work()
    assert heard == [(number, "work") for number in NUMBERS], "the first error stops no answer"
    assert all(signal.getsignal(number) is answer for number in NUMBERS)


def test_handlers_come_back_after_an_error_and_blocks_can_be_nested(handlers):
    with pytest.raises(ZeroDivisionError), signals_held_back():
        _ = 1 / 0
    assert signal.getsignal(signal.SIGINT) is handlers[signal.SIGINT]
    done = []

    def work():
        with signals_held_back():
            with signals_held_back():
                signal.raise_signal(signal.SIGINT)
                done.append("inner")
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["inner", "outer"]


@pytest.mark.parametrize("setting", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_python_does_not_answer_is_left_alone(handlers, setting):
    signal.signal(signal.SIGINT, setting)
    with signals_held_back():
        assert signal.getsignal(signal.SIGINT) == setting
        if setting == signal.SIG_IGN:
            signal.raise_signal(signal.SIGINT)


def test_in_another_thread_the_block_is_run_and_the_main_thread_goes_on_hearing(handlers):
    seen = []

    def work():
        with signals_held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [handlers[signal.SIGINT]]
