"""The harness turned on itself: planted faults, the smallest errors that are seen, and false alarms."""
