"""Scans on real clusters: two worker processes of Dask, one of which is killed; and MPI."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from importlib.util import find_spec

import pytest

from rgrbm.scan import ScanError, map_grid

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

GRID = {"size": [3, 30], "k": range(5)}


@pytest.fixture(scope="module")
def cluster():
    """Start two worker processes, heard on this machine only, without a dashboard."""
    with (
        # On a busy machine one that was killed may take its time to come back.
        dask.config.set({"distributed.deploy.lost-worker-timeout": "300s"}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False, "allowed_failures": 1},
            silence_logs="ERROR",  # a worker that is killed is a warning
        ) as started,
    ):
        yield started


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as opened:
        yield opened


def experiment(size, k, rng):
    time.sleep(0.01 * (5 - k))  # the first ones finish last
    return os.getpid(), rng.random(size).tolist()


def without_process(results):
    return [result for _, result in results]


def test_one_worker_and_two_have_the_results_of_this_process(cluster, client):
    expected = without_process(map_grid(experiment, GRID, seed=2))
    of_two = map_grid(experiment, GRID, seed=2, executor=client.get_executor())
    workers = {pid for pid, _ in of_two}
    assert without_process(of_two) == expected
    assert len(workers) == 2
    assert os.getpid() not in workers
    of_one = map_grid(
        experiment, GRID, seed=2, executor=client.get_executor(workers=list(client.nthreads())[:1])
    )
    assert without_process(of_one) == expected
    assert len({pid for pid, _ in of_one}) == 1


def fragile(k):
    if k % 3 == 0:
        raise ZeroDivisionError(f"no {k}")
    return k


def test_a_call_that_fails_is_told_with_its_parameters_and_others_have_their_results(client):
    executor = client.get_executor()
    found = map_grid(fragile, {"k": range(8)}, executor=executor, on_error="keep")
    assert [found[k] for k in (1, 2, 4, 5, 7)] == [1, 2, 4, 5, 7]
    for k in (0, 3, 6):
        assert isinstance(found[k], ScanError)
        assert found[k].parameters == {"k": k}
        assert f"ZeroDivisionError('no {k}')" in str(found[k])
        assert isinstance(found[k].__cause__, ZeroDivisionError)
    with pytest.raises(ScanError, match=r"failed at \{'k': 3\}"):
        map_grid(fragile, {"k": range(2, 5)}, executor=executor)


def test_a_cluster_that_is_gone_is_told(client):
    executor = client.get_executor()
    stop = threading.Timer(0.5, executor.shutdown, kwargs={"wait": False})
    stop.start()
    with pytest.raises(ScanError, match=r"the executor (lost the|took no) call at"):
        map_grid(experiment, {"size": [1], "k": [0] * 200}, seed=0, executor=executor)
    stop.join()


def test_a_worker_that_is_killed_costs_time_and_no_result(client, tmp_path):
    path, grid, victims = tmp_path / "scan.jsonl", {"size": [2], "k": [0, 4] * 30}, []

    def lines():
        return path.read_bytes().split(b"\n")[1:-1] if path.exists() else []

    def kill():
        until = time.monotonic() + 60
        while len(lines()) < 6:
            assert time.monotonic() < until
            time.sleep(0.005)
        pid, _ = json.loads(lines()[0])["result"]
        os.kill(pid, signal.SIGKILL)
        victims.append((pid, len(lines())))

    killer = threading.Thread(target=kill)
    killer.start()
    found = map_grid(experiment, grid, seed=3, executor=client.get_executor(), path=path)
    killer.join()
    ((pid, n_done),) = victims
    assert n_done < 60, "it was killed in mid-run"
    assert pid not in client.run(os.getpid).values()
    assert pid in {of for of, _ in found}, "what it had done is kept"
    assert without_process(found) == without_process(map_grid(experiment, grid, seed=3))
    assert sorted(json.loads(line)["point"] for line in lines()) == list(range(60))
    assert map_grid(experiment, grid, seed=3, path=path) == found, "read, not called"


def deadly(k):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_call_that_kills_every_worker_is_a_failure_with_its_parameters(client):
    (found,) = map_grid(deadly, {"k": [2]}, executor=client.get_executor(), on_error="keep")
    assert found.parameters == {"k": 2}
    assert "KilledWorker" in str(found)
    assert map_grid(fragile, {"k": [1, 2]}, executor=client.get_executor()) == [1, 2]


MPI_SCAN = """
    from mpi4py.futures import MPIPoolExecutor
    from rgrbm.scan import map_grid

    def draw(size, rng):
        if size == 2:
            raise ZeroDivisionError("two")
        return rng.random(size).tolist()

    if __name__ == "__main__":
        points = {"size": range(4)}
        with MPIPoolExecutor() as executor:
            found = map_grid(draw, points, seed=4, executor=executor, on_error="keep")
        expected = map_grid(draw, points, seed=4, on_error="keep")
        print([result == other for result, other in zip(found, expected)], found[2].parameters)
"""


@pytest.mark.skipif(
    find_spec("mpi4py") is None or shutil.which("mpiexec") is None, reason="there is no MPI here"
)
def test_mpi_has_the_results_of_this_process(tmp_path):
    (tmp_path / "mpi_scan.py").write_text(textwrap.dedent(MPI_SCAN))
    command = ["mpiexec", "-n", "2", sys.executable, "-m", "mpi4py.futures", "mpi_scan.py"]
    # Open MPI asks twice whether root means it; others do not mind.
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | allowed, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "[True, True, False, True] {'size': 2}\n", done.stderr
