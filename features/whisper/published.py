"""Published encoders: which there are, where their weights are looked for, and how they are fetched.

A process uses the folder that :func:`use_encoders` named, then that of the encoder's environment variable, then ``data/``, then the
published files, downloaded at a pinned revision and checked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emotune.errors import ChampionError, DownloadError
from emotune.files import PROJECT_ROOT
from features.whisper.weights import CONFIG_FILE, TENSORS_FILE, read_origin

DATA_FOLDER = PROJECT_ROOT / "data"


@dataclass(frozen=True)
class PublishedEncoder:
    """An encoder that OpenAI published on the Hugging Face Hub (Radford et al. 2022, arXiv 2212.04356; MIT).

    Attributes
    ----------
    key : str
        Key of the input kind and of the family that stand on it.
    name : str
        Name of the size, such as ``tiny.en``.
    revision : str
        Commit of the repository.
    sha256 : mapping of str to str
        Of each published file at that revision.
    megabytes : int
        Size of the published tensors, the decoder included.
    """

    key: str
    name: str
    revision: str
    sha256: Mapping[str, str]
    megabytes: int

    @property
    def option(self) -> str:
        """Option of the command line that names a folder of weights."""
        return f"--{self.key.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """Environment variable that names a folder of weights."""
        return f"EMOTUNE_{self.key.upper()}"

    @property
    def repository(self) -> str:
        """Name of the repository on the Hub."""
        return f"openai/whisper-{self.name}"

    @property
    def url(self) -> str:
        """Where the published files are."""
        return f"https://huggingface.co/{self.repository}/resolve/{self.revision}"

    @property
    def local_folder(self) -> Path:
        """Folder of a download."""
        return DATA_FOLDER / f"whisper-{self.name}"

    def find(self, path: str | Path | None = None, *, may_download: bool = True) -> Path:
        """Return a folder with the weights, downloading them if there is none.

        Parameters
        ----------
        path : str or Path, optional
            The folder; without it that of :func:`use_encoders`, then :attr:`variable`, then :attr:`local_folder`, then the published
            files.
        may_download : bool
            Whether to fetch what is not here.

        Raises
        ------
        ChampionError
            If the folder that was asked for lacks one of the two files, or holds what a run kept of an encoder.
        DownloadError
            If there are no weights here and the download fails, its checksum differs or it is not wanted.
        """
        asked = path or _chosen.get(self.key) or os.environ.get(self.variable)
        if not asked:
            return self._find_unasked(may_download=may_download)
        folder = Path(asked).expanduser()
        if not _is_complete(folder):
            raise ChampionError(
                f"A Whisper folder holds {TENSORS_FILE} and {CONFIG_FILE}, but {folder} does not; name one that does."
            )
        if read_origin(folder) is not None:
            raise ChampionError(
                f"A search needs the whole encoder as published, but {folder} holds what a run kept of one for its champion; "
                f"name a folder with the published files of {self.repository}."
            )
        return folder

    def _find_unasked(self, *, may_download: bool) -> Path:
        if _is_complete(self.local_folder):
            return self.local_folder
        if not may_download:
            raise DownloadError(
                f"The weights of Whisper {self.name} are needed, but {self.variable} names no folder and {self.local_folder} has "
                f"none; name one with {self.option} DIR."
            )
        return self._download()

    def _download(self) -> Path:
        import pooch

        folder = self.local_folder
        try:
            for name, sha256 in self.sha256.items():
                pooch.retrieve(f"{self.url}/{name}", known_hash=f"sha256:{sha256}", fname=name, path=folder)
        except (OSError, ValueError) as error:
            reason = "its checksum differs" if isinstance(error, ValueError) else type(error).__name__
            raise DownloadError(
                f"The weights of Whisper {self.name} are needed, but {self.variable} names no folder, {folder} has none and the "
                f"download from {self.url} failed ({reason}); fetch {CONFIG_FILE} and {TENSORS_FILE} from there into that folder."
            ) from error
        return folder


TINY_EN = PublishedEncoder(
    key="whisper",
    name="tiny.en",
    revision="87c7102498dcde7456f24cfd30239ca606ed9063",
    sha256={
        CONFIG_FILE: "b5366317df280f79e6cc366f259f379674f81a8721d458acf2e00680ccb10b1d",
        TENSORS_FILE: "db59695928ded6043adaef491a53ef4e12da9611184d77c53baa691a60b958ad",
    },
    megabytes=151,
)
BASE = PublishedEncoder(
    key="whisper_base",
    name="base",
    revision="e37978b90ca9030d5170a5c07aadb050351a65bb",
    sha256={
        CONFIG_FILE: "a153c53883a6799b6f056b4a8d1a515c9926d03994682ba88a7616618d7da0c1",
        TENSORS_FILE: "07cadb9f25677c8d50df603e66a98fbd842cce45047139baeb16e6219a1e807b",
    },
    megabytes=290,
)
ENCODERS = (TINY_EN, BASE)

_chosen: dict[str, Path] = {}
"""Folders set by :func:`use_encoders`."""


def use_encoders(folders: Mapping[str, Path]) -> None:
    """Set the folders of weights that :meth:`PublishedEncoder.find` prefers in this process, instead of those set before.

    Parameters
    ----------
    folders : mapping of str to Path
        By key of the encoder. A worker process does not inherit it.
    """
    _chosen.clear()
    _chosen.update(folders)


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in (CONFIG_FILE, TENSORS_FILE))
