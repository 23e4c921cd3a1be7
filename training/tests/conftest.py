import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pytest
import torch

from tribev import made
from tribev.export import randomise
from tribev.model import TriBEV
from tribev.store import Store


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Four made sets with every sensor."""
    torch.set_num_threads(1)
    return made.write(tmp_path_factory.mktemp("tensors"))


@pytest.fixture(scope="session")
def store(folder):
    return Store(folder)


@pytest.fixture
def model():
    torch.manual_seed(0)
    m = TriBEV("tiny")
    randomise(m, 0)
    return m.eval()


@pytest.fixture
def rng():
    return np.random.default_rng(7)
