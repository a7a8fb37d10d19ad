"""Why a candidate's gradients are wrong: which equation, which line, in plain words, with the smallest example."""
