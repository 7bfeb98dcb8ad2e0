"""Several parts under one process: started, watched, restarted, and ended together."""
