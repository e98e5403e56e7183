"""Results in a file, a line of JSON for each: a scan that was stopped goes on where it was."""

import errno
import hashlib
import json
import os
import zlib
from contextlib import contextmanager, suppress

import numpy as np

from rgrbm._core import checks
from rgrbm._core.files import checked_path, fcntl, open_file

KIND, FORMAT = "results of a scan", 1
MOST_BYTES = 2**40
PLAIN = "None, truth values, numbers, strings, and lists and dicts of these by names"

_locked_files = set()


@contextmanager
def stored_results(path, function, points, seed):
    """Open a file of results; yield those in it, number -> result, and a function that adds one.

    What that returns is the result as it would be read.
    """
    path = checked_path(path)
    parameters = [
        _plain(dict(sorted(point.items())), "grid must, with a path, hold", f"the point {number}")
        for number, point in enumerate(points)
    ]
    header = {
        "kind": KIND,
        "format": FORMAT,
        "function": _name(function),
        "seed": seed,
        "n_points": len(points),
        "points_sha256": hashlib.sha256(_text(parameters)).hexdigest(),
    }

    def keep(number, result):
        result = _plain(result, "function must, with a path, return", checks.shown(points[number]))
        line = _line({"point": number, "parameters": parameters[number], "result": result})
        _append(file, line)
        return json.loads(line)["result"]

    # Not buffered: what a full disk did not take must not be written again when it is closed.
    with open_file(path, MOST_BYTES, "a+b", buffering=0) as file, _locked(file, path):
        results = _read(file, path, header, parameters)
        if not os.fstat(file.fileno()).st_size:
            _append(file, _line(header))
        yield results, keep


def _read(file, path, header, parameters):
    """Return the results in a file, and take off the half line at its end, if there is one."""
    results, n_bytes = {}, 0
    file.seek(0)
    with open(file.fileno(), "rb", closefd=False) as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n") and (number > 1 or _line(header).startswith(line)):
                file.truncate(n_bytes)  # its writer was killed
                break
            record = _record(line)
            if number == 1 and record is not None:
                _check_header(path, record, header)
            elif record is not None and _belongs(record, parameters):
                results[record["point"]] = record["result"]
            else:
                raise ValueError(f"{path} is damaged in line {number}, or no file of results")
            n_bytes += len(line)
    return results


def _check_header(path, found, wanted):
    for name in wanted:
        if found.get(name) != wanted[name]:
            raise ValueError(
                f"{path} must hold the results of this scan, it holds another's: its {name} is "
                f"{checks.shown(found.get(name))}, here it is {checks.shown(wanted[name])}"
            )


def _belongs(record, parameters):
    """Whether a line that was written whole is one of this scan."""
    if list(record) != ["point", "parameters", "result"]:
        return False
    number = record["point"]
    return number in range(len(parameters)) and (
        _text(record["parameters"]) == _text(parameters[number])
    )


def _line(record):
    """Write a dict as a line of JSON, with a CRC-32 of itself at the end."""
    text = _text(record)
    return b'%b,"crc32":"%08x"}\n' % (text[:-1], zlib.crc32(text))


def _record(line):
    """Read what `_line` wrote; None is what is damaged."""
    try:
        record = json.loads(line)
        del record["crc32"]
        return record if _line(record) == line else None
    except Exception:  # whatever a parser stumbles over in foreign bytes
        return None


def _text(value):
    return json.dumps(value, separators=(",", ":")).encode()


def _plain(value, who, where):
    """Return a value as JSON gives it back; what JSON would change is a TypeError."""
    try:
        plain = _converted(value)
        _text(plain)  # it may hold itself, or an integer of more digits than Python writes
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{who} only {PLAIN}, got at {where}: {error}") from None
    return plain


def _converted(value):
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.kind not in "biufUO" or checks.would_lose(value):
            raise TypeError(f"an array of the type {value.dtype}, or with a mask or units")
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_converted(entry) for entry in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {name: _converted(entry) for name, entry in value.items()}
    raise TypeError(f"a {type(value).__name__}, {checks.shown(value)}")


def _name(function):
    """Name a function: that of a `functools.partial`, else its own, else its type's."""
    function = getattr(function, "func", function)
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _append(file, line):
    written = 0
    while written < len(line):
        written += file.write(line[written:])


@contextmanager
def _locked(file, path):
    """Lock a file as long as it is open, where the system has locks."""
    _locked_files.add(file)
    try:
        if fcntl is not None:
            _lock(file, path)
        yield
    finally:
        _locked_files.discard(file)


def _lock(file, path):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        message = "another scan is writing to it"
        raise BlockingIOError(errno.EAGAIN, message, str(path)) from None
    except OSError:  # not all file systems have locks
        pass


def _unlock_copies():
    """In a forked process: its copy of a file would keep the lock when this one is killed."""
    for file in _locked_files:
        with suppress(OSError):
            file.close()
    _locked_files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_copies)
