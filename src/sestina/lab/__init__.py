"""The laboratory: the lectures' experiments, run and compared with the lectures' figures."""
