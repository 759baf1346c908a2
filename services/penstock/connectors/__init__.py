"""One folder per foreign system, the same file names in each; no connector imports another."""
