"""The family that stands on a pretrained encoder."""
