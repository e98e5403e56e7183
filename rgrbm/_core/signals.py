"""Signals that wait until something is done whole."""

import signal
from contextlib import ExitStack, contextmanager
from threading import current_thread, main_thread

# By which users and schedulers stop a program, and by which it stops itself in time.
NAMES = ("SIGINT", "SIGBREAK", "SIGTERM", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2")
NUMBERS = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


@contextmanager
def signals_held_back():
    """Let Ctrl-C, and others of `NAMES` that Python code answers, wait for the end of the block.

    Other threads than the main one hear no signals; there the block is simply run.
    """
    handlers = {number: signal.getsignal(number) for number in NUMBERS}
    if current_thread() is not main_thread():
        handlers = {}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    arrived = []
    with ExitStack() as answers:  # all of them are given, even if the first raises
        try:
            for number in handlers:
                signal.signal(number, lambda *event: arrived.append(event))
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for number, frame in reversed(arrived):
                answers.callback(handlers[number], number, frame)
