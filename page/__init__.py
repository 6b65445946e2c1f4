"""The page: what is recorded, predicted and shown; handlers over the project's own types, and Gradio on top."""
