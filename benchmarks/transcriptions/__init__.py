"""Published systems as they are published: per step, in plain NumPy. Written for the benchmark of training."""
