"""The family of heads on a pretrained encoder."""
