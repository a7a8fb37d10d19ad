"""A candidate judged anew on every save: references, their answers and a process for the candidate are kept ready."""
