"""The race of programs that learn word vectors."""
