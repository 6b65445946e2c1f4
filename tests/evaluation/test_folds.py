"""Speaker folds: disjoint, complete, balanced, and refused where a speaker crosses a cut."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.ravdess import Ravdess
from emotune.errors import ProtocolError
from evaluation.folds import HALVES, LEAVE_CORPORA_OUT, MAX_SPEAKERS_FOR_LEAVE_ONE_OUT, Folds, folds_over_corpora, make_folds
from models.speakers import choose_inner_speakers, require_disjoint

RAVDESS_GENDERS = {f"{actor:02d}": "male" if actor % 2 else "female" for actor in range(1, 25)}

genders_of_speakers = st.dictionaries(
    st.text("abcdefgh0123456789", min_size=1, max_size=4), st.sampled_from(["female", "male", ""]), min_size=4, max_size=40
)


def count_genders(speakers: list[str], genders: dict[str, str]) -> Counter[str]:
    return Counter(genders[speaker] for speaker in speakers)


def speakers_of(folds: Folds, half: str) -> list[str]:
    return [speaker for fold in folds.in_half(half) for speaker in folds.test_speakers[fold]]


@given(genders_of_speakers)
def test_every_speaker_is_tested_in_exactly_one_fold(genders: dict[str, str]) -> None:
    tested = [speaker for fold in make_folds(genders).test_speakers for speaker in fold]
    assert sorted(tested) == sorted(genders)


@given(genders_of_speakers)
def test_folds_do_not_depend_on_the_order_of_the_speakers(genders: dict[str, str]) -> None:
    assert make_folds(genders) == make_folds(dict(reversed(genders.items())))


@given(genders_of_speakers)
def test_the_halves_part_the_folds_and_a_fold_is_tuned_by_the_other_half(genders: dict[str, str]) -> None:
    folds = make_folds(genders)
    in_halves = [folds.in_half(half) for half in HALVES]
    assert sorted(in_halves[0] + in_halves[1]) == list(range(len(folds.test_speakers)))
    assert abs(len(in_halves[0]) - len(in_halves[1])) <= 1
    for fold in range(len(folds.test_speakers)):
        assert {folds.half_of(fold), folds.tuning_half_for(fold)} == set(HALVES)
        assert fold not in folds.in_half(folds.tuning_half_for(fold))


@given(genders_of_speakers)
def test_every_fold_of_many_speakers_has_its_share_of_each_gender(genders: dict[str, str]) -> None:
    folds = make_folds(genders).test_speakers
    if len(genders) <= MAX_SPEAKERS_FOR_LEAVE_ONE_OUT:
        assert all(len(fold) == 1 for fold in folds)
        return
    for gender in set(genders.values()):
        counts = [sum(genders[speaker] == gender for speaker in fold) for fold in folds]
        assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("n_of_each", [2, 3, 5, 6, 12])
def test_halves_have_as_many_women_as_men_where_the_corpus_has(n_of_each: int) -> None:
    genders = {f"{gender}{k}": gender for gender in ("female", "male") for k in range(n_of_each)}
    folds = make_folds(genders)
    for half in HALVES:
        counts = count_genders(speakers_of(folds, half), genders)
        assert abs(counts["female"] - counts["male"]) <= 1


def test_ravdess_has_the_six_published_folds_and_halves_of_six_men_and_six_women() -> None:
    folds = make_folds(RAVDESS_GENDERS, published=Ravdess.test_folds)
    assert folds.name == "published"
    assert [{int(actor) for actor in fold} for fold in folds.test_speakers] == [
        {1, 11, 20, 21},
        {4, 10, 12, 14},
        {8, 9, 19, 23},
        {3, 5, 7, 24},
        {2, 15, 16, 18},
        {6, 13, 17, 22},
    ]
    for half in HALVES:
        assert count_genders(speakers_of(folds, half), RAVDESS_GENDERS) == {"male": 6, "female": 6}


def test_published_folds_leave_out_speakers_without_clips() -> None:
    genders = {speaker: gender for speaker, gender in RAVDESS_GENDERS.items() if int(speaker) <= 12}
    assert make_folds(genders, published=Ravdess.test_folds).speakers == set(genders)


def test_a_speaker_without_a_published_fold_is_refused_by_name() -> None:
    with pytest.raises(ProtocolError, match="99 has none"):
        make_folds({**RAVDESS_GENDERS, "99": "male"}, published=Ravdess.test_folds)


@pytest.mark.parametrize("n_speakers", [0, 1, 3])
def test_too_few_speakers_are_refused_with_their_number(n_speakers: int) -> None:
    with pytest.raises(ProtocolError, match=f"at least 4 folds with a speaker each, got {n_speakers}"):
        make_folds(dict.fromkeys("abc"[:n_speakers], "female"))


def test_a_planted_speaker_in_two_folds_is_refused_by_name() -> None:
    with pytest.raises(ProtocolError, match="but b is in two"):
        Folds("planted", (("a", "b"), ("c",), ("b",), ("d",)))


@given(genders_of_speakers, st.data())
def test_the_inner_cut_holds_out_the_number_asked_for_and_leaves_the_rest(genders: dict[str, str], data: st.DataObject) -> None:
    n_speakers = data.draw(st.integers(1, len(genders) - 1))
    held_out = choose_inner_speakers(genders, n_speakers=n_speakers, seed=data.draw(st.integers(0, 1000)))
    assert len(held_out) == n_speakers
    assert held_out < set(genders)
    require_disjoint(sorted(set(genders) - held_out), sorted(held_out))


@given(st.integers(0, 1000), st.integers(1, 23))
def test_the_inner_cut_is_even_over_the_genders(seed: int, n_speakers: int) -> None:
    held_out = choose_inner_speakers(RAVDESS_GENDERS, n_speakers=n_speakers, seed=seed)
    counts = count_genders(sorted(held_out), RAVDESS_GENDERS)
    assert abs(counts["male"] - counts["female"]) <= 1


def test_the_inner_cut_follows_its_seed() -> None:
    cuts = [choose_inner_speakers(RAVDESS_GENDERS, n_speakers=4, seed=seed) for seed in (0, 0, 1, 2, 3)]
    assert cuts[0] == cuts[1]
    assert len(set(cuts)) > 1


@pytest.mark.parametrize("n_speakers", [0, 24, 25])
def test_an_inner_cut_that_leaves_a_side_empty_is_refused(n_speakers: int) -> None:
    with pytest.raises(ProtocolError, match=f"between 1 and 23 of 24 speakers, got {n_speakers}"):
        choose_inner_speakers(RAVDESS_GENDERS, n_speakers=n_speakers, seed=0)


def test_a_planted_speaker_on_both_sides_of_a_cut_is_refused_by_name() -> None:
    with pytest.raises(ProtocolError, match="but b, c is"):
        require_disjoint(["a", "b", "c"], ["c", "b", "d"])


def corpus_of(prefix: str, n_speakers: int) -> dict[str, str]:
    return {f"{prefix}/{k:02d}": "male" if k % 2 else "female" for k in range(n_speakers)}


@given(st.lists(st.integers(2, 30), min_size=2, max_size=5).filter(lambda sizes: sum(sizes) >= 8))
def test_the_speakers_of_several_corpora_are_dealt_so_that_both_halves_have_some_of_each(sizes: list[int]) -> None:
    genders = {f"c{k}": corpus_of(f"c{k}", n) for k, n in enumerate(sizes)}
    folds = folds_over_corpora(genders, published={})
    everyone = [speaker for of_corpus in genders.values() for speaker in of_corpus]
    assert sorted(speaker for fold in folds.test_speakers for speaker in fold) == sorted(everyone)
    for of_corpus in genders.values():
        assert all(set(speakers_of(folds, half)) & set(of_corpus) for half in HALVES)


def test_published_folds_stay_together_among_several_corpora() -> None:
    genders = {"ravdess": RAVDESS_GENDERS, "own": corpus_of("own", 9)}
    folds = folds_over_corpora(genders, published={"ravdess": Ravdess.test_folds})
    assert {tuple(s for s in fold if s in RAVDESS_GENDERS) for fold in folds.test_speakers} == set(Ravdess.test_folds)


def test_a_single_corpus_has_the_folds_it_always_had() -> None:
    assert folds_over_corpora({"ravdess": RAVDESS_GENDERS}, published={"ravdess": Ravdess.test_folds}) == make_folds(
        RAVDESS_GENDERS, published=Ravdess.test_folds
    )


def test_a_speaker_of_two_corpora_is_tested_in_one_fold() -> None:
    folds = folds_over_corpora({"a": corpus_of("x", 8), "b": {**corpus_of("x", 2), **corpus_of("y", 8)}}, published={})
    assert Counter(speaker for fold in folds.test_speakers for speaker in fold)["x/00"] == 1


@pytest.mark.parametrize("n_corpora", [2, 3, 5])
def test_corpora_can_be_left_out_whole(n_corpora: int) -> None:
    genders = {f"c{k}": corpus_of(f"c{k}", 4 + k) for k in range(n_corpora)}
    folds = folds_over_corpora(genders, published={}, rule=LEAVE_CORPORA_OUT)
    assert folds.are_corpora
    assert [set(fold) for fold in folds.test_speakers] == [set(of_corpus) for of_corpus in genders.values()]


def test_one_corpus_cannot_be_left_out_whole() -> None:
    with pytest.raises(ProtocolError, match=r"two or more, got ravdess"):
        folds_over_corpora({"ravdess": RAVDESS_GENDERS}, published={}, rule=LEAVE_CORPORA_OUT)


def test_a_speaker_of_two_corpora_forbids_to_leave_one_out() -> None:
    with pytest.raises(ProtocolError, match=r"x/00.* in two"):
        folds_over_corpora({"a": corpus_of("x", 4), "b": corpus_of("x", 2)}, published={}, rule=LEAVE_CORPORA_OUT)
