"""Torch modules; `sestina.nn.LSTM` follows `torch.nn.LSTM`."""

from sestina.nn.recurrent import GRU, LSTM, SimpleRNN

__all__ = ["GRU", "LSTM", "SimpleRNN"]
