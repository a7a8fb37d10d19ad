"""Pages that need no network: one HTML file with its styles, scripts and data inside."""
