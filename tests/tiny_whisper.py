"""A random encoder of Whisper's shape, small enough for tests, so that they pass without the published weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from features.whisper.weights import WhisperConfig, write_tensors

TINY = WhisperConfig(
    d_model=16, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=32, num_mel_bins=8, max_source_positions=100
)


def random_tensors(config: WhisperConfig) -> dict[str, np.ndarray]:
    d, ffn = config.d_model, config.encoder_ffn_dim
    shapes: dict[str, tuple[int, ...]] = {
        "conv1.weight": (d, config.num_mel_bins, 3),
        "conv1.bias": (d,),
        "conv2.weight": (d, d, 3),
        "conv2.bias": (d,),
    }
    shapes |= {"embed_positions.weight": (config.max_source_positions, d)}
    shapes |= {"layer_norm.weight": (d,), "layer_norm.bias": (d,)}
    for layer in range(config.encoder_layers):
        part = f"layers.{layer}."
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            shapes |= {f"{part}{name}.weight": (d,), f"{part}{name}.bias": (d,)}
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= {f"{part}self_attn.{name}.weight": (d, d), f"{part}self_attn.{name}.bias": (d,)}
        del shapes[f"{part}self_attn.k_proj.bias"]
        shapes |= {f"{part}fc1.weight": (ffn, d), f"{part}fc1.bias": (ffn,)}
        shapes |= {f"{part}fc2.weight": (d, ffn), f"{part}fc2.bias": (d,)}
    rng = np.random.default_rng(1)
    return {name: rng.normal(scale=0.3, size=shape).astype(np.float16).astype(np.float32) for name, shape in shapes.items()}


def write_tiny_whisper(folder: Path, *, n_layers: int = 4) -> Path:
    """Write an encoder that takes 30 s, as the published ones do."""
    config = replace(TINY, encoder_layers=n_layers, max_source_positions=1500)
    write_tensors(folder, random_tensors(config), config=config)
    return folder
