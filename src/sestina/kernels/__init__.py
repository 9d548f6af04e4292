"""Arrays in, arrays out: the loops that Sestina exists for; no torch, no options, no files."""
