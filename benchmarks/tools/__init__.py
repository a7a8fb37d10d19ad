"""The planted faults under the tools that people use today: ``python -m benchmarks.tools`` prints the tables."""
