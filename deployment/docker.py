"""The page in a container, for any host but the Hub."""

from __future__ import annotations

from deployment.front_matter import PYTHON_VERSION

PORT = 7860

DOCKERFILE = f"""\
# Build: docker build -t emotune .    Run: docker run --rm -p {PORT}:{PORT} emotune
FROM python:{PYTHON_VERSION}-slim

RUN useradd --create-home --uid 1000 page
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=page:page . .

# The page needs no network once it runs, and asks for none.
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT={PORT} GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1 \\
    TF_CPP_MIN_LOG_LEVEL=3 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/tmp/numba
USER page
EXPOSE {PORT}
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \\
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:{PORT}/', timeout=4)"]
CMD ["python", "app.py"]
"""

DOCKERIGNORE = "Dockerfile\n.dockerignore\n.gitattributes\nmodel-cards/\n**/__pycache__/\n"


def docker_files() -> dict[str, str]:
    """Return the text of each file that a container needs besides the Space's."""
    return {"Dockerfile": DOCKERFILE, ".dockerignore": DOCKERIGNORE}
