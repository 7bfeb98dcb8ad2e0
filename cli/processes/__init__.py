"""Several parts under one process: started, watched, started again, and ended together."""
