"""Training the published systems with the hand-derived gradient, beside the automatic one."""
