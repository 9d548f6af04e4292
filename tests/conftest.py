"""What all tests share: one thread, so that runs agree with each other and cores are not fought for."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, here and in subprocesses

import pytest

GOOD, BAD = "warm lovely bright fine".split(), "cold dull grey poor".split()


@pytest.fixture(scope="session")
def reviews():
    """Forty short texts and their labels, which every encoder can learn."""
    texts, labels = [], []
    for n in range(40):
        words = GOOD if n % 2 else BAD
        texts.append(f"{words[n // 2 % 4]} film number {n}, {words[n // 8 % 4]} !")
        labels.append("good" if n % 2 else "bad")
    return texts, labels
