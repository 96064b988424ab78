"""The walk of the path, outermost hop first, and the verdict."""
