"""Recurrent cells in plain NumPy, any float type: the definition, and the kernels' oracle."""
