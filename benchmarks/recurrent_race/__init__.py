"""The race of recurrent layers: programs in processes of their own, timed in turns."""
