"""Planning: which batches a build takes in, which days they touch, and which runs build these days."""
