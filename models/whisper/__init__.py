"""The families of heads on pretrained encoders."""
