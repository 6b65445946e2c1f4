"""The networks, and what they share: the training loop, batches, building blocks."""
