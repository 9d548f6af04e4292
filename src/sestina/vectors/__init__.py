"""Word vectors: words beside a matrix, and the files that hold them; no torch."""
