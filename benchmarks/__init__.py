"""Speed and memory, as ratios measured in one run: ``python -m benchmarks`` prints them and writes results.md."""
