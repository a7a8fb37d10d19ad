"""The models of handgrad, differentiated automatically: named equations × differentiators."""
