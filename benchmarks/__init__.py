"""Side-by-side measurements: several ways to the same Socket.IO process in one run, as ratios to the direct way."""
