"""What pages of the site are made of at build time: text from the code itself, so that it cannot go stale."""
