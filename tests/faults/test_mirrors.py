"""Mirrors that lie, drip, hang or break off: the next is taken, or an error tells of them all."""

import gzip
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from small_mnist import CONTENTS, check_small_mnist

from rgrbm import datasets

ZIPPED = {f"{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}
CLOSED = "http://127.0.0.1:9/"  # where no one listens


def answer(request, content, length=None, status=200, **headers):
    """Send a head that promises `length` bytes, and then `content`."""
    request.send_response(status)
    request.send_header("Content-Length", len(content) if length is None else length)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)


def drip(request):
    """Send a byte now and then, for ever."""
    while not request.server.closed.wait(0.05):
        request.wfile.write(b"x")


def pour(request, size=2**16, seconds=0.0):
    """Send that much each time, for ever; note when the other side hangs up."""
    try:
        while not request.server.closed.wait(seconds):
            request.wfile.write(bytes(size))
            request.server.poured += size
    finally:
        request.server.hung_up.set()


def good(request, content):
    answer(request, content)


def wrong_bytes(request, content):
    answer(request, content[:-3] + bytes(byte ^ 1 for byte in content[-3:]))


def other_content(request, content):
    answer(request, gzip.compress(bytes(len(content))))


def page(request, content):
    answer(request, b"<html>Please log in to this network.</html>")


def nothing(request, content):
    answer(request, b"")


def missing(request, content):
    answer(request, b"no such file", status=404)


def out_of_order(request, content):
    answer(request, content, status=500)


def no_http(request, content):
    request.wfile.write(b"220 ready\r\n")


def breaks_off(request, content):
    answer(request, content[: len(content) // 2], length=len(content))


def promises_more(request, content):
    answer(request, content, length=len(content) + 100)


def promises_less(request, content):
    answer(request, content, length=len(content) - 5)


def wrong_encoding(request, content):
    answer(request, content[5:], **{"Content-Encoding": "gzip"})


def bomb(request, content):
    answer(request, gzip.compress(bytes(10**6)))


def round_and_round(request, content):
    answer(request, b"", status=302, Location=request.path)


def drips_head(request, content):
    request.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Le")
    drip(request)


def drips_body(request, content):
    answer(request, b"", length=10**5)
    drip(request)


def hangs(request, content):
    request.server.closed.wait()


def trickles(request, content):
    answer(request, b"", length=10**15)
    pour(request, 1000, 0.01)


def never_ends(request, content):
    answer(request, b"", length=10**15)
    pour(request)


def redirect_never_ends(request, content):
    answer(request, b"", length=10**15, status=302, Location=request.path)
    pour(request)


# What the error says of each.
QUICK = {
    wrong_bytes: "wrong SHA-256",
    other_content: "wrong SHA-256",
    page: "wrong SHA-256",
    nothing: "wrong SHA-256",
    missing: "404",
    out_of_order: "500",
    no_http: "220 ready",
    breaks_off: "IncompleteRead",
    promises_more: "IncompleteRead",
    promises_less: "wrong SHA-256",
    wrong_encoding: "gzip",
    bomb: "wrong SHA-256",
    round_and_round: "30 redirects",
    redirect_never_ends: "30 redirects",
}
SLOW = {
    drips_head: "more than 0.5 s",
    drips_body: "more than 0.5 s",
    hangs: "more than 0.5 s|timed out",
    trickles: "more than 0.5 s",
    never_ends: "more than 0.5 s",
}
MANNERS = {manner.__name__: manner for manner in [good, *QUICK, *SLOW]}


class Mirror(BaseHTTPRequestHandler):
    """Serves the files below /good, and below each other name of `MANNERS` in that manner."""

    def do_GET(self):
        _, manner, name = self.path.split("/")
        self.server.asked.append(manner)
        MANNERS[manner](self, ZIPPED[name])

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """Counts who is asked, and has no words for those who hang up."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Mirror)
        self.asked, self.poured = [], 0
        self.closed, self.hung_up = threading.Event(), threading.Event()

    def handle_error(self, request, client_address):
        pass

    def mirror(self, manner):
        return f"http://127.0.0.1:{self.server_port}/{manner.__name__}/"


@pytest.fixture
def server(originals, cache):
    server = Server()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.closed.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def use(server, monkeypatch):
    """Give the library mirrors; half a second for a file from the slow ones."""
    fetch = datasets._fetch
    assert datasets.SECONDS == 60, "a minute, as documented"

    def impatient(url):
        slow = any(f"/{manner.__name__}/" in url for manner in SLOW)
        monkeypatch.setattr(datasets, "SECONDS", 0.5 if slow else 60.0)
        return fetch(url)

    monkeypatch.setattr(datasets, "_fetch", impatient)
    return lambda *mirrors: monkeypatch.setattr(datasets, "MIRRORS", mirrors)


def kept(cache):
    return {path.name: path.read_bytes() for path in cache.rglob("*") if path.is_file()}


@pytest.mark.parametrize("manner", [*QUICK, *SLOW], ids=lambda manner: manner.__name__)
def test_the_next_mirror_is_taken(server, use, cache, manner):
    use(server.mirror(manner), server.mirror(good))
    name, checksum = next(iter(datasets.MNIST_FILES.items()))
    assert datasets._download(name, checksum) == CONTENTS[name]
    assert server.asked[0] == manner.__name__
    assert server.asked.count("good") == 1
    assert kept(cache) == {f"{name}.gz": ZIPPED[f"{name}.gz"]}


def test_if_none_is_left_the_error_tells_of_each_and_nothing_is_kept(server, use, cache):
    said = {server.mirror(manner): words for manner, words in {**QUICK, **SLOW}.items()}
    said[CLOSED] = "refused"
    use(*said)
    with pytest.raises(ConnectionError, match=r"could not be downloaded.*RGRBM_DATA") as caught:
        datasets.load_mnist()
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == len(said)
    for line, (mirror, words) in zip(lines, said.items(), strict=True):
        assert line.startswith(mirror)
        assert any(word in line for word in words.split("|")), line
    assert not cache.exists()


@pytest.mark.parametrize("manner", [trickles, never_ends, redirect_never_ends])
def test_a_stream_without_an_end_is_left(server, use, manner):
    """Else it would fill the memory after the error, too."""
    use(server.mirror(manner))
    with pytest.raises(ConnectionError):
        datasets.load_mnist()
    server.hung_up.wait()


def test_what_is_too_large_is_not_read_to_its_end(server, monkeypatch):
    monkeypatch.setattr(datasets, "MOST_BYTES", 2**20)
    monkeypatch.setattr(datasets, "MIRRORS", [server.mirror(never_ends)])
    with pytest.raises(ConnectionError, match="or is too large"):
        datasets.load_mnist()
    server.hung_up.wait()
    assert server.poured < 2**26, "some of it lies in buffers"


def test_all_four_files_come_from_a_good_mirror_once(server, use, cache):
    use(CLOSED, server.mirror(good))
    check_small_mnist(datasets.load_mnist())
    assert kept(cache) == ZIPPED
    use(CLOSED)
    check_small_mnist(datasets.load_mnist())


def test_a_listener_that_never_accepts_gives_way(server, use):
    name, checksum = next(iter(datasets.MNIST_FILES.items()))
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        use(f"http://127.0.0.1:{deaf.getsockname()[1]}/hangs/", server.mirror(good))
        assert datasets._download(name, checksum) == CONTENTS[name]


@pytest.mark.parametrize("damage", [b"damaged", b"", None])
def test_a_damaged_file_in_the_cache_is_fetched_again(server, use, cache, damage):
    use(server.mirror(good))
    datasets.load_mnist()
    path = cache / "train-images-idx3-ubyte.gz"
    path.unlink()
    if damage is None:
        path.symlink_to(path)
    else:
        path.write_bytes(damage)
    check_small_mnist(datasets.load_mnist())
    assert kept(cache) == ZIPPED
    assert server.asked == ["good"] * 5
