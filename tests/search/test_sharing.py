"""A dataset that processes share."""

import pickle

import numpy as np

from search.sharing import share


def test_a_shared_dataset_is_the_same(dataset):
    loaded = pickle.loads(pickle.dumps(share(dataset))).load()
    assert loaded.data_hash == dataset.data_hash
    assert loaded.folds == dataset.folds
    assert loaded.store.root == dataset.store.root
    for ours, theirs in zip(loaded.clips, dataset.clips, strict=True):
        np.testing.assert_array_equal(ours.samples, theirs.samples)
        assert not ours.samples.flags.writeable


def test_recordings_are_mapped_and_not_sent(dataset):
    shared = share(dataset)
    n_bytes = sum(clip.samples.nbytes for clip in dataset.clips)
    assert len(shared.pickled) < n_bytes / 10
    assert shared.arrays.stat().st_size >= n_bytes
    assert isinstance(_base(shared.load().clips[0].samples), np.memmap)


def test_the_file_is_written_once(dataset):
    first = share(dataset).arrays.stat().st_mtime_ns
    assert share(dataset).arrays.stat().st_mtime_ns == first


def _base(array):
    while True:
        base = array.obj if isinstance(array, memoryview) else array.base
        if base is None or isinstance(base, np.memmap):
            return base
        array = base
