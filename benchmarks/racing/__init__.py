"""What all races share: the machine, interleaved rounds, medians and quartiles, files and pages."""
