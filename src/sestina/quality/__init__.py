"""Checks of data before anything is trained on them: repeats, leaks, labels, signs, tokens."""
