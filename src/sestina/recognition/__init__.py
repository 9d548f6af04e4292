"""Recognition: what was said, by frames' probabilities; when; and how many errors are in it."""
