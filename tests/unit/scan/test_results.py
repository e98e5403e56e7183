"""Results in a file: what it holds, what it refuses, and scans that go on after a kill."""

import json
import math
import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from functools import partial

import numpy as np
import pytest

from rgrbm.scan import ScanError, map_grid, results

GRID = {"scale": [1.0, 0.1], "k": range(3)}


def experiment(scale, k, rng):
    return [scale * k, rng.random()]


def named(name, function):
    """Return a function that a file takes for another one."""

    def call(**point):
        return function(**point)

    call.__qualname__ = name
    return call


def bits(value):
    """Return a value with its floats as bytes, and the types of all."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, (list, dict)):
        entries = value.items() if isinstance(value, dict) else value
        return type(value), [bits(entry) for entry in entries]
    return (type(value), [*map(bits, value)]) if isinstance(value, tuple) else (type(value), value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.jsonl"


@pytest.fixture
def stored(path):
    map_grid(experiment, GRID, seed=0, path=path)
    return path


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_scan_with_a_file_has_the_results_of_one_without(path, n_threads):
    expected = map_grid(experiment, GRID, seed=0)
    assert map_grid(experiment, GRID, seed=0, path=path, n_threads=n_threads) == expected
    assert map_grid(experiment, GRID, seed=0, path=str(path)) == expected


def test_only_what_is_missing_is_called(stored):
    called = []

    def counted(scale, k, rng):
        called.append((scale, k))
        return experiment(scale, k, rng)

    function, expected = named("experiment", counted), map_grid(experiment, GRID, seed=0)
    lines = stored.read_bytes().splitlines(keepends=True)
    stored.write_bytes(b"".join(lines[:2] + lines[4:6]))
    assert map_grid(function, GRID, seed=0, path=stored) == expected
    assert called == [(1.0, 1), (1.0, 2), (0.1, 2)]
    assert map_grid(function, GRID, seed=0, path=stored) == expected
    assert len(called) == 3


def test_the_file_is_json_with_a_line_for_each_point(stored):
    first, *lines = map(json.loads, stored.read_text(encoding="ascii").splitlines())
    assert (first["function"], first["seed"], first["n_points"]) == ("experiment", 0, 6)
    assert [line["point"] for line in lines] == list(range(6))
    assert lines[4]["parameters"] == {"scale": 0.1, "k": 1}
    assert [line["result"] for line in lines] == map_grid(experiment, GRID, seed=0)


ODD = [
    None, True, -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, math.inf, -math.inf, math.nan,
    2**70, "ü\n\ud800", {"b": 1, "a": [1.0, 2, {}]}, [], {"": None},
]  # fmt: skip


def test_results_come_back_bit_for_bit(path):
    def odd(k):
        return ODD[k]

    grid = {"k": range(len(ODD))}
    first, again = (map_grid(odd, grid, path=path) for _ in range(2))
    assert bits(first) == bits(again) == bits(ODD)
    assert list(again[11]) == ["b", "a"], "the order of names is kept"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float64(0.1), 0.1),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.int64(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([[1.5, math.nan]]), [[1.5, math.nan]]),
        (np.array(2), 2),
        (np.array([None, "a", 1.5], dtype=object), [None, "a", 1.5]),
        ((1, (2.0, [np.int8(3)])), [1, [2.0, [3]]]),
        ({"x": np.arange(2)}, {"x": [0, 1]}),
        (np.array(-np.float64(math.nan)), math.nan),
    ],
)
def test_what_json_has_not_is_the_same_whether_computed_or_read(path, value, plain):
    def result(k):
        return value

    found = [map_grid(result, {"k": [1]}, path=path)[0] for _ in range(2)]
    assert bits(found) == bits([plain, plain])


def endless():
    nested = []
    nested.append(nested)
    return nested


@pytest.mark.parametrize(
    "value",
    [
        1j, b"a", {1, 2}, {1: 2}, {("a",): 1}, object(), [1, {"a": [object()]}], np.longdouble(1),
        np.array([1j]), np.array(["2020-01-01"], dtype="datetime64[ns]"), np.ma.array([1.0]),
        np.array([object()]), endless(), 10**5000, range(3), np.zeros(1, dtype="i4,i4"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
@pytest.mark.parametrize("on_error", ["raise", "keep"])
def test_what_a_file_cannot_hold_is_told_with_the_point(path, value, on_error):
    def result(k):
        return value if k == 2 else k

    wanted = r"function must, with a path, return only None, .*, got at \{'k': 2\}: "
    with pytest.raises(TypeError, match=wanted) as caught:
        map_grid(result, {"k": range(4)}, path=path, on_error=on_error)
    assert len(str(caught.value)) < 600
    lines = path.read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["point"] for line in lines[1:]] == [0, 1]
    assert map_grid(result, {"k": [2]})[0] is value, "without a file, all can be returned"


def test_parameters_that_a_file_cannot_hold_are_refused_before_there_is_one(path):
    called = []
    wanted = "grid must, with a path, hold only None, .*, got at the point 1: a set, {1}"
    with pytest.raises(TypeError, match=wanted):
        map_grid(lambda x: called.append(x), {"x": [1, {1}]}, path=path)
    assert not called
    assert not path.exists()


def test_failures_are_not_stored_and_are_tried_again(path):
    fails = [1, 2]

    def fragile(k):
        if k in fails:
            raise ZeroDivisionError
        return k

    found = map_grid(fragile, {"k": range(4)}, path=path, on_error="keep")
    assert [isinstance(result, ScanError) for result in found] == [False, True, True, False]
    fails.remove(1)
    found = map_grid(fragile, {"k": range(4)}, path=path, on_error="keep")
    assert [found[0], found[1], found[3]] == [0, 1, 3]
    with pytest.raises(ScanError, match=r"at \{'k': 2\}"):
        map_grid(fragile, {"k": range(4)}, path=path)
    fails.clear()
    assert map_grid(fragile, {"k": range(4)}, path=path) == [0, 1, 2, 3]


def test_a_half_line_at_the_end_is_dropped(stored):
    expected, whole = map_grid(experiment, GRID, seed=0), stored.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    first = whole.index(b"\n") + 1
    for length in (last + 1, last + 20, len(whole) - 1, last, first, first - 1, 1, 0):
        stored.write_bytes(whole[:length])
        assert map_grid(experiment, GRID, seed=0, path=stored) == expected
        assert stored.read_bytes() == whole, length


def test_damage_is_told_with_the_line(stored):
    whole = stored.read_bytes()
    lines = whole.splitlines(keepends=True)
    for number in range(len(lines)):
        place = sum(map(len, lines[:number])) + len(lines[number]) // 2
        for damage in (b"", b"x", b"\0", b"\n"):
            stored.write_bytes(whole[:place] + damage + whole[place + 1 :])
            with pytest.raises(ValueError, match=f"{stored.name} is damaged in line {number + 1}"):
                map_grid(experiment, GRID, seed=0, path=stored)
            assert len(stored.read_bytes()) in (len(whole), len(whole) - 1), "left as it was"


def test_every_digit_of_a_line_counts(stored):
    whole = stored.read_bytes()
    first = whole.index(b"\n") + 1
    for place in range(first, whole.index(b"\n", first)):
        changed = bytearray(whole)
        changed[place] ^= 1
        stored.write_bytes(changed)
        with pytest.raises(ValueError, match="damaged in line"):
            map_grid(experiment, GRID, seed=0, path=stored)


@pytest.mark.parametrize(
    ("scan", "message"),
    [
        ({"seed": 1}, "its seed is 0, here it is 1"),
        ({"seed": None, "function": sum}, "its function is 'experiment', here it is 'sum'"),
        ({"grid": {"scale": [1.0], "k": range(3)}}, "its n_points is 6, here it is 3"),
        ({"grid": {"scale": [1.0, 0.2], "k": range(3)}}, "its points_sha256 is '"),
        ({"grid": {"k": range(3), "scale": [1.0, 0.1]}}, "its points_sha256 is '"),
        ({"grid": {"scale": [1.0, 0.1], "j": range(3)}}, "its points_sha256 is '"),
    ],
)
def test_the_file_of_another_scan_is_refused_with_what_differs(stored, scan, message):
    whole = stored.read_bytes()
    with pytest.raises(ValueError, match=f"{stored.name} must hold .* of this scan.*: {message}"):
        map_grid(**{"function": experiment, "grid": GRID, "seed": 0, "path": stored, **scan})
    assert stored.read_bytes() == whole


def test_the_order_of_the_names_in_a_point_is_no_matter(stored):
    points = [{"k": k, "scale": scale} for scale in GRID["scale"] for k in GRID["k"]]
    expected, whole = map_grid(experiment, GRID, seed=0), stored.read_bytes()
    assert map_grid(experiment, points, seed=0, path=stored) == expected
    assert stored.read_bytes() == whole


def test_a_line_of_another_scan_is_refused_although_it_is_whole(stored):
    first, *lines = stored.read_bytes().splitlines(keepends=True)
    for other in (b'"point":0,', b'"point":6,', b'"point":"1",'):
        text = lines[1].replace(b'"point":1,', other)
        record = json.loads(text)
        del record["crc32"]
        stored.write_bytes(first + lines[0] + results._line(record))
        with pytest.raises(ValueError, match="damaged in line 3"):
            map_grid(experiment, GRID, seed=0, path=stored)
    stored.write_bytes(first + first)
    with pytest.raises(ValueError, match="damaged in line 2"):
        map_grid(experiment, GRID, seed=0, path=stored)


@pytest.mark.parametrize(
    "text", [b"a", b"a\n", b"{}\n", b"[1]\n", b"\n", b'{"kind":3}\n', b"\0" * 9]
)
def test_a_file_of_others_is_left_as_it_is(path, text):
    path.write_bytes(text)
    with pytest.raises(ValueError, match="is damaged in line 1, or no file of results"):
        map_grid(experiment, GRID, seed=0, path=path)
    assert path.read_bytes() == text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", os.devnull):
        with pytest.raises(ValueError, match="must be a regular file"):
            map_grid(experiment, GRID, seed=0, path=path)


def test_a_new_file_has_the_rights_of_any_new_file(path):
    path.with_name("other").touch()
    map_grid(experiment, {}, path=path, on_error="keep")
    assert path.stat().st_mode == path.with_name("other").stat().st_mode


def test_functions_are_told_apart_by_name():
    class Callable:
        def __call__(self):
            pass

    assert results._name(len) == "len"
    assert results._name(partial(len)) == "len"
    assert results._name(Callable()).endswith("Callable")


def test_an_empty_scan_has_a_file_too(path):
    assert map_grid(experiment, {"scale": [], "k": [1]}, path=path) == []
    assert map_grid(experiment, {"scale": [], "k": [1]}, path=path) == []


def test_the_progress_begins_where_the_file_ends(stored, capsys):
    lines = stored.read_bytes().splitlines(keepends=True)
    stored.write_bytes(b"".join(lines[:5]))
    map_grid(experiment, GRID, seed=0, path=stored, progress=True)
    shown = capsys.readouterr().err
    assert "4/6" in shown
    assert "6/6" in shown


def test_a_result_is_on_disk_before_the_next_call(path):
    def lines_so_far(k):
        return path.read_bytes().count(b"\n")

    assert map_grid(lines_so_far, {"k": range(3)}, path=path) == [1, 2, 3]


@pytest.mark.parametrize("lacking", [5, 300])
def test_a_full_disk_is_told_and_costs_the_last_results_only(stored, lacking):
    def resized(n_bytes):
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))

    resource = pytest.importorskip("resource")
    whole = stored.read_bytes()
    stored.unlink()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resized(len(whole) - lacking)
        with pytest.raises(OSError, match="too large"):
            map_grid(experiment, GRID, seed=0, path=stored)
    finally:
        resized(soft)
        signal.signal(signal.SIGXFSZ, heard)
    assert stored.read_bytes() == whole[:-lacking]
    expected = map_grid(experiment, GRID, seed=0)
    assert map_grid(experiment, GRID, seed=0, path=stored) == expected


locks = pytest.mark.skipif(results.fcntl is None, reason="the system has no locks")


@locks
def test_two_scans_do_not_write_to_one_file(path):
    begun, end = threading.Event(), threading.Event()

    def wait(k):
        begun.set()
        end.wait(30)
        return k

    thread = threading.Thread(target=map_grid, args=(wait, {"k": [1]}), kwargs={"path": path})
    thread.start()
    try:
        assert begun.wait(30)
        with pytest.raises(BlockingIOError, match="another scan is writing to it") as caught:
            map_grid(wait, {"k": [1]}, path=path)
        assert caught.value.filename == str(path)
    finally:
        end.set()
        thread.join()
    assert map_grid(wait, {"k": [1]}, path=path) == [1]


def test_without_locks_a_scan_resumes_all_the_same(stored, monkeypatch):
    monkeypatch.setattr(results, "fcntl", None)
    expected = map_grid(experiment, GRID, seed=0)
    assert map_grid(experiment, GRID, seed=0, path=stored) == expected


def slow(k, rng):
    return {"k": k, "x": rng.random(3)}


SCAN = """
    import os, sys, time
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    from rgrbm.scan import map_grid

    def slow(k, rng):
        os.write(log, b"%d\\n" % k)
        time.sleep(0.02)
        return {"k": k, "x": rng.random(3)}

    log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    options = {"n_threads": int(sys.argv[3])}
    if sys.argv[3] == "0":  # processes that have a copy of all that is open
        options = {"executor": ProcessPoolExecutor(2, mp_context=get_context("fork"))}
    map_grid(slow, {"k": range(60)}, seed=1, path=sys.argv[2], **options)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills and forks")
@pytest.mark.parametrize("n_threads", [1, 2, 0], ids=["serial", "threads", "forked"])
def test_a_scan_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path, n_threads):
    """SIGKILL at moments that no one chose; what was stored is not called again."""
    log, path = tmp_path / "log", tmp_path / "scan.jsonl"
    command = [sys.executable, "-c", textwrap.dedent(SCAN), log, path, str(n_threads)]
    started, kills = [], []
    try:
        for least in (15, 30, 45):
            process = subprocess.Popen(command, start_new_session=True)
            started.append(process)
            until = time.monotonic() + 60
            while not path.exists() or path.read_bytes().count(b"\n") < least:
                assert process.poll() is None, "it ended before it was killed"
                assert time.monotonic() < until
                time.sleep(0.003)
            process.kill()  # it alone: the processes of its pool live on
            assert process.wait() == -signal.SIGKILL
            *lines, _ = path.read_bytes().split(b"\n")  # behind the last one there may be a half
            stored = {str(json.loads(line)["point"]) for line in lines[1:]}
            assert least - 1 <= len(stored) < 60
            kills.append((len(log.read_text().split()), stored))
        subprocess.run(command, check=True, timeout=60)
    finally:
        for process in started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    calls = log.read_text().split()
    assert set(calls) == {str(k) for k in range(60)}
    for n_before, stored in kills:
        assert stored.isdisjoint(calls[n_before:])

    called = []
    expected = [{"k": found["k"], "x": found["x"].tolist()}
                for found in map_grid(slow, {"k": range(60)}, seed=1)]  # fmt: skip
    again = named("slow", lambda **point: called.append(point))
    assert map_grid(again, {"k": range(60)}, seed=1, path=path) == expected
    assert called == []
