"""Run the checks that a stack declared, again, on the stack as it is."""
