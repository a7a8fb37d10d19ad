"""The variables that tell NumPy's BLAS and the frameworks how many threads to use; they read them when they load."""

SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
