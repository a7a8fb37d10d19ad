"""Differentiating a candidate's own forward pass, with no knowledge of its cell, its layout or its names."""
