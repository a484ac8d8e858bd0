"""Images for training: sources, seeded splits, uint8 parts in memory, whole-batch normalisation. No Qt."""
