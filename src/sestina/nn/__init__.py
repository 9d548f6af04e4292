"""Torch modules: recurrent layers, encoders, heads, losses; `sestina.nn.LSTM` follows `torch.nn.LSTM`."""

from sestina.nn.recurrent import GRU, LSTM, SimpleRNN

__all__ = ["GRU", "LSTM", "SimpleRNN"]
