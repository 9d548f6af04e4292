"""Torch modules; `sestina.nn.LSTM` follows `torch.nn.LSTM`."""

from sestina.nn.minimal import MinGRU, MinLSTM
from sestina.nn.recurrent import GRU, LSTM, SimpleRNN
from sestina.nn.sequences import Lookup

__all__ = ["GRU", "LSTM", "Lookup", "MinGRU", "MinLSTM", "SimpleRNN"]
