"""The NaN watch: the first quantity that is not finite, what made it, and what would have prevented it."""
