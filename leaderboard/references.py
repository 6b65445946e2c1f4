"""What stands beside the figures: human listeners, and what a result that is not for unseen real speakers must say."""

from __future__ import annotations

HUMAN_ACCURACY = {"ravdess": 0.624}
"""Share of clips that listeners recognised, by corpus."""
HUMAN_SOURCE = "on the spoken audio, with one more answer to choose from; Livingstone & Russo, PLoS ONE 13(5), 2018"
NOT_REAL = "The clips were made by code: no figure here says anything about real speech."
PARTIAL = "The search has not ended: families are missing, and ranks and p-values will change."
SPEAKERS_UNKNOWN = (
    "Nobody said who speaks, so a voice may be in training and in test: a model that recognises the voice scores higher than it will "
    "for other people."
)
