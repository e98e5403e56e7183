"""Two processes that download or compile the same at once, one of which may be killed."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import small_mnist

from rgrbm.sampler import metropolis_chain

PAUSES = """
    import os, sys

    def pause(word):
        if pauses.pop(word, False):
            print(word, flush=True)
            sys.stdin.readline()

    pauses = dict.fromkeys(sys.argv[1:], True)
    sync = os.fsync
    os.fsync = lambda file: pause("writing") or sync(file)  # written, and not in its place yet
"""
DOWNLOAD = (
    PAUSES
    + """
    from pathlib import Path
    import pooch
    from small_mnist import CHECKSUMS, check_small_mnist
    from rgrbm import datasets

    pooch.os_cache = Path(os.environ["CACHE"]).joinpath
    datasets.MNIST_FILES, datasets.MIRRORS = CHECKSUMS, (os.environ["MIRROR"],)
    check_small_mnist(datasets.load_mnist())
    print("right")
"""
)
COMPILE = (
    PAUSES
    + """
    import numba.core.event
    import numpy as np
    from rgrbm.sampler import metropolis_chain

    class Listener(numba.core.event.Listener):
        def on_start(self, event):
            pause("compiling")

        def on_end(self, event):
            pass

    with numba.core.event.install_listener("numba:compile", Listener()):
        print(metropolis_chain(64, 8, 1.0, n_sweeps=5, rng=np.random.default_rng(0)).sum())
"""
)


def start(code, *pauses, **environment):
    """Start a process, which says when it has come to a pause and then waits for `go_on`."""
    tests = Path(small_mnist.__file__).parent
    path = os.pathsep.join([str(tests), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *pauses],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go_on(*processes):
    for process in processes:
        print(file=process.stdin, flush=True)


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


class HalfAFile(BaseHTTPRequestHandler):
    """Sends half a file, and the rest when the server is told to go on."""

    def do_GET(self):
        content = (self.server.folder / self.path.strip("/")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", len(content))
        self.end_headers()
        self.wfile.write(content[:20])
        self.wfile.flush()
        self.server.half_way.release()
        self.server.go_on.wait()
        self.wfile.write(content[20:])

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Say nothing of those that were killed."""


@pytest.fixture
def server(originals):
    server = Server(("127.0.0.1", 0), HalfAFile)
    server.folder, server.half_way, server.go_on = (
        originals, threading.Semaphore(0), threading.Event()
    )  # fmt: skip
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.go_on.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def download(server, tmp_path):
    """Start a process that downloads."""
    mirror = f"http://127.0.0.1:{server.server_port}/"
    return lambda *pauses: start(DOWNLOAD, *pauses, CACHE=str(tmp_path / "cache"), MIRROR=mirror)


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


ALL = sorted(f"{name}.gz" for name in small_mnist.CONTENTS)


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True])
def test_two_that_download_at_once_are_both_right(download, server, tmp_path, killed):
    pair = [download(), download()]
    for _ in pair:
        server.half_way.acquire()
    if killed:
        kill(pair.pop())
    assert files(tmp_path / "cache") == []
    server.go_on.set()
    for process in pair:
        assert process.communicate() == ("right\n", "")
    assert files(tmp_path / "cache") == ALL


@pytest.mark.slow
def test_what_a_killed_download_has_left_is_removed_by_the_next(download, server, tmp_path):
    server.go_on.set()
    killed = download("writing")
    assert killed.stdout.readline() == "writing\n"
    kill(killed)
    [part] = files(tmp_path / "cache")
    assert part.endswith(".tmp")
    assert download().communicate() == ("right\n", "")
    assert files(tmp_path / "cache") == ALL


@pytest.fixture
def compile_kernel(tmp_path):
    """Start a process that compiles."""
    return lambda *pauses: start(COMPILE, *pauses, NUMBA_CACHE_DIR=str(tmp_path / "kernels"))


@pytest.fixture(scope="module")
def right():
    spins = metropolis_chain(64, 8, 1.0, n_sweeps=5, rng=np.random.default_rng(0))
    return f"{spins.sum()}\n", ""


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True])
def test_two_that_compile_at_once_are_both_right(compile_kernel, right, tmp_path, killed):
    pair = [compile_kernel("compiling") for _ in range(2)]
    for process in pair:
        assert process.stdout.readline() == "compiling\n"
    if killed:
        kill(pair.pop())
    go_on(*pair)
    for process in pair:
        assert process.communicate() == right
    [kernel] = files(tmp_path / "kernels")
    assert kernel.endswith(".nbc")
    assert compile_kernel("compiling").communicate() == right, "it need not compile"


@pytest.mark.slow
def test_what_a_killed_compilation_has_left_is_removed_by_the_next(compile_kernel, right, tmp_path):
    killed = compile_kernel("writing")
    assert killed.stdout.readline() == "writing\n"
    kill(killed)
    [part] = files(tmp_path / "kernels")
    assert part.endswith(".tmp")
    assert compile_kernel().communicate() == right
    [kernel] = files(tmp_path / "kernels")
    assert kernel.endswith(".nbc")
