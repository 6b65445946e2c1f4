"""The page: what is heard, shown and asked; handlers over the project's own types, and Gradio on top."""
