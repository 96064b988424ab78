"""Side-by-side measurements: what is ours beside what it replaces, in one run, as ratios."""
