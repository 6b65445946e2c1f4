"""Layers of a pretrained speech recogniser's encoder as an input kind."""
