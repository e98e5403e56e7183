"""Processes that are killed: what they had done is kept, and what they left is removed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from rgrbm._core import files
from rgrbm._core.files import read_arrays
from rgrbm.rbm._checkpoint import FORMAT

# Forks a process that trains, whenever it is told to: so each starts at once.
TRAINER = """
    import json, os, sys
    import numpy as np
    from rgrbm.rbm import BernoulliRBM, train

    batch_size = {"numpy": 20, "kernels": 30}[sys.argv[1]]  # which are for larger batches

    def run(checkpoint, out, n_epochs=200):
        rng = np.random.default_rng(4)
        data = rng.integers(0, 2, (50, 40))
        rbm = BernoulliRBM(40, 30, rng=rng)
        history = train(
            rbm, data, n_epochs=n_epochs, learning_rate=0.01, batch_size=batch_size,
            method="pcd", momentum=0.5, rng=rng, checkpoint=checkpoint, checkpoint_every=1,
            callback=lambda epoch, rbm: print(epoch, flush=True),
            monitors={"norm": lambda rbm, rng: rng.random() + (rbm.weights**2).sum()},
        )
        arrays = {name: part.tolist() for name, part in rbm.parameters().items()}
        arrays["norm"] = history.monitors["norm"].tolist()
        arrays["epochs"] = history.monitor_epochs.tolist()
        with open(out, "w") as file:
            json.dump({**arrays, "generator": rng.bit_generator.state}, file)

    run(None, os.devnull, n_epochs=1)  # loads the kernels
    for line in sys.stdin:
        checkpoint, out = json.loads(line)
        child = os.fork()
        if child == 0:
            print("child", os.getpid(), flush=True)  # before its first epoch
            run(checkpoint, out)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print("ended", status, flush=True)
"""
PARAMETERS = ("weights", "visible_bias", "hidden_bias")
NAMES = {"run", "epoch", "layer", "curve", "looks", "chains", *PARAMETERS}
NAMES |= {f"velocity_of_{name}" for name in PARAMETERS}


class Trainer:
    """A process that starts others which train, and tells what they print and how they end."""

    def __init__(self, folder, kind):
        path = folder / "trainer.py"
        path.write_text(textwrap.dedent(TRAINER))
        self.process = subprocess.Popen(
            [sys.executable, path, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "1\n", "the epoch that loads the kernels"

    def start(self, checkpoint, out):
        print(json.dumps([checkpoint and str(checkpoint), str(out)]), file=self.process.stdin)
        self.process.stdin.flush()
        word, child = self.process.stdout.readline().split()
        assert word == "child"
        return int(child)

    def epoch(self):
        """Wait for the next one."""
        return int(self.process.stdout.readline())

    def ended(self):
        """Wait for the end of what was started, and return its status."""
        for line in self.process.stdout:
            if line.startswith("ended"):
                return int(line.split()[1])
        raise AssertionError("the trainer is gone")


@pytest.fixture
def trainer(kernels, tmp_path, request):
    trainer = Trainer(tmp_path, request.param)
    yield trainer
    trainer.process.communicate()


def parts_of_files(folder):
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["numpy", "kernels"], indirect=True)
def test_a_training_that_is_killed_twenty_times_ends_as_if_it_had_not_been(trainer, tmp_path):
    rng = np.random.default_rng(0)
    folder, whole, resumed = (tmp_path / name for name in ("folder", "whole", "resumed"))
    folder.mkdir()
    checkpoint, reached, n_within = folder / "run", [0], 0
    for kill in range(20):
        child = trainer.start(checkpoint, resumed)
        assert trainer.epoch() == reached[-1] + 1, "it goes on from the checkpoint"
        for _ in range(rng.integers(1, 4)):
            trainer.epoch()
        if kill % 2:
            time.sleep(rng.uniform(0, 0.01))
        else:
            while not parts_of_files(folder):  # they are there for a moment only
                pass
        os.kill(child, signal.SIGKILL)
        assert trainer.ended() == -signal.SIGKILL
        n_within += len(parts_of_files(folder))
        reached.append(int(read_arrays(checkpoint, *FORMAT, NAMES)["epoch"]))
    assert reached == sorted(reached)
    assert len(set(reached)) > 10, "it got on between the kills"
    assert n_within >= 3, "and was killed within the writing, too"
    trainer.start(checkpoint, resumed)
    assert trainer.ended() == 0
    trainer.start(None, whole)
    assert trainer.ended() == 0
    assert json.loads(resumed.read_text()) == json.loads(whole.read_text())
    assert os.listdir(folder) == [checkpoint.name]


KILLED = """
    import signal, sys
    from rgrbm._core.files import replace_file

    def write(file):
        file.write(b"a part")
        file.flush()
        print("written", flush=True)
        signal.pause()

    replace_file(sys.argv[1], write)
"""


def half_way(path):
    """A process in the midst of writing a file."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), path], stdout=subprocess.PIPE
    )
    process.stdout.readline()
    return process


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


def write(path):
    files.replace_file(path, lambda file: file.write(b"whole"))


@pytest.mark.slow
def test_what_killed_writers_leave_is_removed_by_the_next_and_nothing_else(tmp_path):
    path, other, foreign = tmp_path / "path", tmp_path / "other", tmp_path / ".foreign.tmp"
    alive, elsewhere = half_way(path), half_way(other)
    for _ in range(2):
        kill(half_way(path))
    kill(elsewhere)
    foreign.touch()
    assert len(os.listdir(tmp_path)) >= 4
    write(path)
    left = set(os.listdir(tmp_path)) - {path.name, foreign.name}
    assert len(left) == 2, "that of the living, and that of the other path"
    kill(alive)
    write(other)
    write(path)
    assert set(os.listdir(tmp_path)) == {path.name, other.name, foreign.name}
