"""Columns of texts with templates: what is learnt of them, what is drawn, and how probable it is."""

import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fixtures.token_models import random_weights

from synthserve_core.compute.feeds import feeds
from synthserve_core.contract.model import Validity
from synthserve_training.models import contract
from synthserve_training.models.autoregressive.tokens import UNKNOWN, templates
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.models.contract import output_name
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedColumn

_MIN_ROWS = 10


def text_column(texts: Sequence[str | None], name: str = "plate") -> TypedColumn:
    """A column with templates; None is a missing value."""
    valid = np.array([text is not None for text in texts], np.bool_)
    distinct, codes = np.unique([text or "" for text in texts], return_inverse=True)
    options = ColumnOptions(name=name, type=ColumnType.TEXT, templates=True)
    return TypedColumn(options, codes.astype(np.int32), valid, tuple(distinct.tolist()))


def letters(
    generator: np.random.Generator, count: int, length: int, of: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
) -> list[str]:
    return ["".join(row) for row in generator.choice(list(of), (count, length))]


def digits(generator: np.random.Generator, count: int, length: int) -> list[str]:
    return letters(generator, count, length, "0123456789")


def plates(count: int = 400, seed: int = 0) -> list[str]:
    """French licence plates."""
    generator = np.random.default_rng(seed)
    parts = zip(letters(generator, count, 2), digits(generator, count, 3), letters(generator, count, 2), strict=True)
    return ["-".join(each) for each in parts]


def mixed_texts(seed: int) -> list[str | None]:
    """Texts of several shapes with few characters, of which some are missing."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(30, 120))
    kinds = (
        [f"{a}-{b}" for a, b in zip(letters(generator, count, 1, "ABC"), digits(generator, count, 2), strict=True)],
        [f"#{each}" for each in letters(generator, count, 2, "0123ABx")],
        [f"\N{EURO SIGN}{each}" for each in digits(generator, count, 1)],
        ["red", "blue", None][generator.integers(3) :] * count,
    )
    return [kinds[kind][row] for row, kind in enumerate(generator.integers(0, len(kinds), count))]


def written(code: templates.TemplateCode) -> list[str]:
    """The templates as regular expressions."""
    classes = {"0123456789": "9", "ABCDEFGHIJKLMNOPQRSTUVWXYZ": "A", "abcdefghijklmnopqrstuvwxyz": "a"}

    def one(place: str) -> str:
        return classes.get(place, place if len(place) == 1 else f"[{place}]")

    return ["".join(map(one, template.places)) for template in code.templates]


def model_of(code: templates.TemplateCode, seed: int = 0) -> TableModel:
    options = ColumnOptions(name=code.name, type=ColumnType.TEXT, templates=True)
    table = TableCode((code.name,), (code,))
    return TableModel([options], table, random_weights(table.tokens, seed=seed), {})


def drawn(model: TableModel, count: int, seed: int = 1) -> list[str | None]:
    """Texts that a model of one column draws."""
    drawing = model.graph()
    described = contract.describe(drawing, count)
    rows = evaluate(drawing.model, feeds(described.generate, seed, 0, count, {}, {}, 0))
    (schema,) = drawing.schema.columns
    values = [bytes(row).rstrip(b"\0").decode() for row in rows[output_name(schema.name)]]
    if not schema.nullable:
        return list(values)
    valid = rows[output_name(Validity(schema.name))]
    return [value if is_there else None for value, is_there in zip(values, valid, strict=True)]


def scores(model: TableModel, texts: Sequence[str | None]) -> np.ndarray:
    """The probabilities of texts."""
    scoring = model.scoring_graph()
    assert scoring is not None
    (schema,) = model.graph().schema.columns
    rows = np.zeros((len(texts), schema.max_bytes), np.uint8)
    for row, text in zip(rows, texts, strict=True):
        encoded = (text or "").encode()[: schema.max_bytes]
        row[: len(encoded)] = np.frombuffer(encoded, np.uint8)
    inputs = {output_name(schema.name): rows}
    if schema.nullable:
        inputs[output_name(Validity(schema.name))] = np.array([text is not None for text in texts])
    found: np.ndarray = np.exp(evaluate(scoring.model, inputs)["score"])
    return found


def test_a_template_is_learnt_of_texts_that_do_not_repeat() -> None:
    code = templates.fit(text_column(plates()), _MIN_ROWS)
    assert written(code) == ["AA-999-AA"]
    assert code.templates[0].size == 26**4 * 10**3


def test_templates_differ_by_length_and_by_other_characters() -> None:
    generator = np.random.default_rng(0)
    texts = [
        *plates(),
        *digits(generator, 100, 5),
        *(f"M\N{LATIN CAPITAL LETTER U WITH DIAERESIS} {each}" for each in digits(generator, 50, 4)),
    ]
    code = templates.fit(text_column(texts), _MIN_ROWS)
    assert written(code) == ["AA-999-AA", "99999", "M\N{LATIN CAPITAL LETTER U WITH DIAERESIS} 9999"]


def test_few_words_divide_a_template() -> None:
    generator = np.random.default_rng(0)
    colours = generator.choice(["RED", "BLUE", "GREY"], 600)
    texts = [f"X{number}-{colour}" for number, colour in zip(digits(generator, 600, 3), colours, strict=True)]
    code = templates.fit(text_column(texts), _MIN_ROWS)
    assert sorted(written(code)) == ["X999-BLUE", "X999-GREY", "X999-RED"]


def test_characters_that_hardly_any_row_has_are_not_in_a_template() -> None:
    generator = np.random.default_rng(0)
    texts = [
        a + b for a, b in zip(letters(generator, 3000, 1, "ABCDEFGHJKLMNP"), digits(generator, 3000, 4), strict=True)
    ]
    texts += ["Q1234", "Z9876"]
    code = templates.fit(text_column(texts), _MIN_ROWS)
    assert written(code) == ["[ABCDEFGHJKLMNP]9999"]
    assert code.of_texts(["Q1234", "A1234"]).tolist() == [UNKNOWN, 0]


def test_too_few_rows_for_each_character_leave_the_whole_class() -> None:
    generator = np.random.default_rng(0)
    texts = [f"A{each}" for each in letters(generator, 60, 3, "0123478")]
    assert written(templates.fit(text_column(texts), 25)) == ["A999"]


def test_letters_and_digits_are_one_class_where_they_are_mixed() -> None:
    generator = np.random.default_rng(0)
    texts = letters(generator, 2000, 9, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    code = templates.fit(text_column(texts), _MIN_ROWS)
    assert [template.size for template in code.templates] == [36**9]
    assert code.rare < 0.001


@pytest.mark.parametrize("rows", [_MIN_ROWS - 1, _MIN_ROWS])
def test_a_shape_needs_enough_rows(rows: int) -> None:
    texts = [*plates(), *(f"({each})" for each in digits(np.random.default_rng(0), rows, 4))]
    code = templates.fit(text_column(texts), _MIN_ROWS)
    assert ("(9999)" in written(code)) == (rows >= _MIN_ROWS)
    assert code.rare == pytest.approx((0.5 + rows * (rows < _MIN_ROWS)) / (len(texts) + 1))


def test_texts_without_a_frequent_shape_have_no_template() -> None:
    texts = [f"{'a' * number} {'b' * (number % 7)}" for number in range(300)]
    assert templates.fit(text_column(texts), _MIN_ROWS).templates == ()


texts_to_learn = st.lists(
    st.one_of(st.none(), st.from_regex(r"([A-C]{1,2}-[0-9]{1,3}|[ä€x][a-b]?|#[0-9A-F]{3})", fullmatch=True)),
    max_size=120,
)


@settings(deadline=None, max_examples=60)
@given(texts_to_learn, st.integers(1, 12))
def test_no_text_has_two_templates_and_shares_add_up(texts: list[str | None], min_rows: int) -> None:
    column = text_column(texts)
    code = templates.fit(column, min_rows)
    codes = code.encode(column).codes[:, 0]
    counts = np.bincount(codes[codes >= 0], minlength=code.tokens[0].size)
    assert (counts >= min_rows).all()
    assert code.rare == pytest.approx(((codes < 0).sum() + 0.5) / (len(texts) + 1))
    if len(counts):
        np.testing.assert_allclose(code.shares, counts / counts.sum(), rtol=1e-6)
    for text in {text for text in texts if text is not None}:
        fitting = [
            number
            for number, template in enumerate(code.templates)
            if len(text) == len(template.places) and all(a in b for a, b in zip(text, template.places, strict=True))
        ]
        assert len(fitting) <= 1
        assert code.of_texts([text]).tolist() == (fitting or [UNKNOWN])


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_drawn_texts_have_templates(seed: int) -> None:
    code = templates.fit(text_column(mixed_texts(seed)), 2)
    found = drawn(model_of(code, seed), 500, seed)
    codes = code.of_texts([text for text in found if text is not None])
    assert (codes >= 0).all()
    assert code.missing or None not in found


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_probabilities_of_all_texts_add_up_to_one(seed: int) -> None:
    code = templates.fit(text_column(mixed_texts(seed)), 2)
    every: list[str | None] = [None] * code.missing
    for template in code.templates:
        product = [""]
        for place in template.places:
            product = [text + character for text in product for character in place]
        every += product
    assert len(set(every)) == len(every)
    found = scores(model_of(code, seed), every)
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_texts_of_a_template_are_equally_likely() -> None:
    code = templates.fit(text_column([f"{each}!" for each in digits(np.random.default_rng(0), 500, 1)]), 5)
    assert written(code) == ["9!"]
    found = np.bincount([int(text[0]) for text in drawn(model_of(code), 20_000) if text], minlength=10)
    assert ((found - 2000) ** 2 / 2000).sum() < 40  # chi-square of 9 degrees of freedom
    np.testing.assert_allclose(scores(model_of(code), ["0!", "7!"]), 0.1, rtol=1e-9)


def test_a_text_of_no_template_scores_as_rare_ones_do() -> None:
    code = templates.fit(text_column([*plates(), "odd"]), _MIN_ROWS)
    found = scores(model_of(code), ["odd", "AA-999-A", "AA-999-AAA", "AA-999-Aa", ""])
    np.testing.assert_allclose(found[[0, 1, 3, 4]], code.rare)


def test_secrets_of_single_rows_are_not_in_the_graphs() -> None:
    generator = np.random.default_rng(3)
    secrets = [
        f"{a}{b}-{c}"
        for a, b, c in zip(
            letters(generator, 400, 4), digits(generator, 400, 5), letters(generator, 400, 3), strict=True
        )
    ]
    odd = ["TOPSECRET", "k9-fRobnicate", "\N{SNOWMAN}SECRET\N{SNOWMAN}"]
    model = model_of(templates.fit(text_column([*secrets, *odd]), _MIN_ROWS))
    scoring = model.scoring_graph()
    assert scoring is not None
    graphs = model.graph().model.SerializeToString() + scoring.model.SerializeToString()
    assert not [secret for secret in [*secrets, *odd] if secret.encode() in graphs]
    found = {text for text in drawn(model, 50_000) if text}
    assert not found & {*secrets, *odd}
    assert all(re.fullmatch(r"[A-Z]{4}[0-9]{5}-[A-Z]{3}", text) for text in found)


def test_missing_texts_are_drawn_as_empty_ones() -> None:
    code = templates.fit(text_column([*plates(), *[None] * 200]), _MIN_ROWS)
    model = model_of(code)
    found = drawn(model, 300)
    assert None in found
    assert {len(text) for text in found if text is not None} == {9}
