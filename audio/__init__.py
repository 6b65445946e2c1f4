"""file → clip: load and check recordings, corpora, emotions, speaker folds."""
