"""The page as a Hugging Face Space, or as a folder for any other host: what it holds, whether it runs, how it is sent."""
