import re

import numpy as np
import pandas as pd
import pytest
from tests.fixtures.tables import COLUMNS, compared, rows, split, splits

from synthserve_training.evaluation.figures import Figure, Section
from synthserve_training.evaluation.tables.features import Features
from synthserve_training.evaluation.tables.measures.baseline import gaussian_per_class
from synthserve_training.evaluation.tables.sections import detection, fidelity, privacy, utility
from synthserve_training.evaluation.tables.splits import Source, Split


def figures(section: Section) -> dict[str, Figure]:
    return {figure.metric: figure for figure in section.figures}


def utility_of(parts: list[Split]) -> dict[str, Figure]:
    section = utility.evaluate(parts, COLUMNS, Source.RETRAINED)
    assert section
    return figures(section)


def test_rows_as_good_as_real_ones_get_what_real_ones_get() -> None:
    found = figures(fidelity.evaluate(compared(splits(), rows(5000, 99), rows(150, 98))))
    for metric in ("shape_score", "ks_complement", "tv_complement", "pair_trend_score", "shape_score_graph"):
        assert found[metric].value == pytest.approx(found[metric].reference, abs=0.06)
    assert found["correlation_difference"].value < 0.15
    perfect = fidelity.similarities(rows(80, 1), rows(80, 1), COLUMNS)
    assert perfect.pop("correlation_difference") == 0
    assert set(perfect.values()) == {1.0}


def test_values_that_no_real_row_has_are_counted() -> None:
    real = rows(200, 1)
    exported = rows(400, 1)
    exported.loc[:99, "length"] = -1000.0
    exported.loc[100:199, "kind"] = "unheard of"
    found = figures(fidelity.evaluate(compared(splits(2), exported, real)))
    assert found["valid_share"].value == pytest.approx(0.5, abs=0.05)
    at_ends = real.assign(length=real.length.clip(0.5, 1.5))
    found = figures(fidelity.evaluate(compared(splits(2), at_ends, at_ends)))
    assert found["at_range_ends"].value == found["at_range_ends"].reference
    assert found["valid_share"].value == 1


def test_detector_guesses_among_equals_and_finds_what_is_shifted() -> None:
    equals = figures(detection.evaluate(compared(splits(1, 150))))
    shifted = [split(s.train, s.held_out, rows(80, s.seed, shift=5.0), s.seed) for s in splits(1, 80)]
    found = figures(detection.evaluate(compared(shifted)))
    for name in detection.DETECTORS:
        assert equals[f"c2st_auc_{name}"].value == pytest.approx(0.5, abs=0.12)
        assert found[f"c2st_auc_{name}"].value > 0.98
        assert found[f"c2st_auc_{name}"].reference == pytest.approx(0.5, abs=0.2)


def test_target_that_hardly_a_row_has_is_not_predicted() -> None:
    (whole,) = splits(1, 30)
    few = whole.train.assign(kind=pd.Series(["x", "y", "z", "x"], dtype="string"))  # missing in all other rows
    assert utility.evaluate([split(few, whole.held_out, whole.drawn)], COLUMNS, Source.GRAPH) is None


def test_gradient_boosting_sees_what_logistic_regression_does_not() -> None:
    real = rows(120, 0, noise=0.1)
    # Equal means and deviations, other shape: length is no longer in three heaps.
    smooth = real.assign(length=np.random.default_rng(1).normal(real.length.mean(), real.length.std(), 120))
    found = figures(detection.evaluate(compared([split(real, rows(120, 5, noise=0.1), smooth)])))
    assert found["c2st_auc_gradient_boosting"].value > 0.8


def test_training_on_the_real_rows_themselves_is_as_good_as_real() -> None:
    same = [split(s.train, s.held_out, s.train, s.seed) for s in splits(1)]
    found = utility_of(same)
    assert found["tstr_accuracy"].value == found["tstr_accuracy"].reference
    assert found["tstr_accuracy"].value > 0.6
    assert found["tstr_average_precision"].value > 0.6


def test_training_on_shuffled_labels_is_chance() -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(kind=frame.kind.sample(frac=1, random_state=1).to_numpy())

    found = utility_of([split(s.train, s.held_out, shuffled(s.train), s.seed) for s in splits(1)])
    assert found["tstr_accuracy"].value < 0.5
    assert found["tstr_accuracy"].reference is not None
    assert found["tstr_accuracy"].reference > 0.6
    assert found["gaussian_accuracy"].value > 0.6


def test_class_that_is_not_generated_is_never_predicted_and_no_error() -> None:
    train, held_out = rows(120, 0), rows(120, 1)
    features = Features.of(train, COLUMNS)
    truth, odds = utility.predict(
        utility.CLASSIFIERS["decision tree"](), train[train.kind != "z"], held_out, features, "kind"
    )
    assert (odds[:, 2] == 0).all()
    assert utility.score(truth, odds)["accuracy"] < 0.8


def test_released_training_rows_are_found_out() -> None:
    leaks = [split(s.train, s.held_out, s.train, s.seed) for s in splits(3)]
    found = figures(privacy.evaluate(compared(leaks, leaks[0].train, leaks[0].train)))
    assert found["membership_attack_auc"].value > 0.99
    assert found["nearer_to_training_share"].value > 0.99
    assert found["exact_copies"].value == 1
    assert found["dcr_median"].value == 0
    assert found["dcr_5_percent"].value == 0


def test_rows_drawn_anew_tell_nothing_of_members() -> None:
    found = figures(privacy.evaluate(compared(splits(6), rows(500, 77), rows(300, 78))))
    assert found["membership_attack_auc"].value == pytest.approx(0.5, abs=0.05)
    assert found["nearer_to_training_share"].value == pytest.approx(0.5, abs=0.05)
    assert found["exact_copies"].value == 0
    for metric in ("dcr_median", "dcr_5_percent", "nndr_median"):
        assert found[metric].value == pytest.approx(found[metric].reference, rel=0.15)


def test_attack_finds_rows_that_are_nearly_the_training_rows() -> None:
    def leak(s: Split) -> Split:
        return split(s.train, s.held_out, s.train.assign(length=s.train.length + 0.02), s.seed)

    found = figures(privacy.evaluate(compared([leak(s) for s in splits(3)], rows(50, 1), rows(50, 2))))
    assert found["exact_copies"].value == 0
    assert found["membership_attack_auc"].value > 0.95


def test_one_split_has_no_interval() -> None:
    found = privacy.evaluate(compared(splits(1), rows(50, 1), rows(50, 2)))
    assert found.tables[0].rows[0][2] == "unknown, as there is one split only"
    of_the_graph = privacy.evaluate(compared(splits(1), source=Source.GRAPH))
    assert re.fullmatch(r"0\.\d+ to 0\.\d+", str(of_the_graph.tables[0].rows[0][2]))


def test_privacy_is_not_measured_of_a_model_that_has_seen_all_rows() -> None:
    found = privacy.evaluate(compared(splits(1), source=Source.GRAPH_SEEN_ALL))
    assert not found.figures
    assert "--retrain" in found.summary


def test_fidelity_is_of_rows_that_the_model_has_not_seen() -> None:
    # The graph gives back all real rows; the recipe trained on a half gives something else.
    poor = [split(s.train, s.held_out, rows(5000, s.seed + 50, shift=1.0), s.seed) for s in splits(2)]
    exported = pd.concat([poor[0].train, poor[0].held_out])
    found = figures(fidelity.evaluate(compared(poor, exported, exported)))
    assert found["shape_score"].value < found["shape_score"].reference - 0.05  # type: ignore[operator]  # it has one
    assert found["shape_score_graph"].value > found["shape_score"].value + 0.05
    assert [f.metric for f in found.values() if f.headline] == [
        "shape_error", "trend_error", "ks_complement", "pair_trend_score",
    ]  # fmt: skip


def test_small_draws_are_not_held_against_the_model() -> None:
    """A model that gives back what it has learnt from is as good as that, however small the halves are."""
    halves = [split(s.train, s.held_out, s.train.sample(10_000, replace=True, random_state=0)) for s in splits(4, 60)]
    found = figures(fidelity.evaluate(compared(halves, rows(100, 1), rows(100, 1))))
    assert found["ks_complement"].value == pytest.approx(found["ks_complement"].reference, abs=0.005)


def test_gaussian_per_class_has_the_moments_of_each_class_and_finished_values() -> None:
    train = rows(3000, 0)
    drawn = gaussian_per_class(train, COLUMNS, 1)
    assert drawn.kind.value_counts().to_dict() == train.kind.value_counts().to_dict()
    for label, members in train.groupby("kind"):
        own = drawn[drawn.kind == label]
        assert own.length.mean() == pytest.approx(members.length.mean(), abs=0.06)
        assert own[["length", "width"]].cov().to_numpy() == pytest.approx(
            members[["length", "width"]].cov().to_numpy(), abs=0.15
        )
    assert (drawn.age % 1 == 0).all()
    assert (drawn.length.round(3) == drawn.length).all()


def test_codes_become_categories_and_categories_one_hot_features() -> None:
    frame = COLUMNS.frame(
        [
            {"length": np.ones(2), "width": np.ones(2), "age": np.arange(2), "kind": np.array([2, 0], np.int32)},
            {"length": np.ones(1), "width": np.ones(1), "age": np.arange(1), "kind": np.array([1], np.int32)},
        ]
    )
    assert frame.kind.tolist() == ["z", "x", "y"]
    features = Features.of(frame, COLUMNS)
    assert features(frame, without="kind").shape == (3, 3)
    assert features(frame)[:, 3:].tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
