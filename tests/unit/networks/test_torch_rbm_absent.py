"""Without PyTorch: the door opens, and making a machine says what is missing."""

import sys

import numpy as np
import pytest

from rgrbm._core.loading import load
from rgrbm.networks import TorchRBM


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    load.cache_clear()
    try:
        with pytest.raises(ImportError, match=r'pip install "rgrbm\[torch\]"'):
            TorchRBM(3, 2, rng=np.random.default_rng(0))
    finally:
        load.cache_clear()
