"""The one owner of a run's folder: its layout, manifest, champions, reader, writer and lock."""
