"""What runs in a process of its own: one script per Python package, told what to do in JSON."""
