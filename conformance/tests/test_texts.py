"""Tokens, cells and connection strings."""

from __future__ import annotations

import hashlib

import pytest

from conformance.conductor import parameters
from conformance.conductor.connection_string import ConnectionString
from conformance.conductor.template import TemplateError, generated, render, sql_text
from conformance.conductor.values import encode, matches, show

TOKENS = {"table": "t_{1}", "decimal": "numeric({0},{1})", "timestamp": "timestamp"}


def test_tokens_are_replaced_once() -> None:
    assert render("select '{{}}' from {table}", {"table": "{other}"}) == "select '{}' from {other}"
    assert render("{decimal(10, 2)}", TOKENS) == "numeric(10,2)"
    assert render("{timestamp(6)}", TOKENS) == "timestamp"


@pytest.mark.parametrize("text", ["{", "}", "{Upper}", "{unknown}", "{decimal}", "{decimal(1)}"])
def test_a_bad_token_is_an_error(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text, TOKENS)


def test_sql_is_generated_piece_by_piece() -> None:
    sql = {"head": "select ", "each": "{i} as c{i}", "from": 1, "to": 3, "tail": " from x"}
    assert sql_text(sql, {}) == "select 1 as c1, 2 as c2, 3 as c3 from x"


def test_lists_are_generated_item_by_item() -> None:
    rows = {"from": 9, "to": 10, "row": ["{i}", None, {"repeat": "{i}", "count": 2}]}
    assert generated(rows, "row") == [
        ["9", None, {"repeat": "9", "count": 2}],
        ["10", None, {"repeat": "10", "count": 2}],
    ]


@pytest.mark.parametrize(
    ("written", "arrow_format", "cell"),
    [
        ("0.1", "g", "0x3fb999999999999a"),
        ("-0.0", "g", "0x8000000000000000"),
        ("inf", "g", "0x7ff0000000000000"),
        ("nan", "g", "nan"),
        ("0x0000000000000001", "g", "0x0000000000000001"),
        ("0.1", "f", "0x3dcccccd"),
        ("0.1", "u", "0.1"),
        (None, "g", None),
        ({"repeat": "ab", "count": 3}, "u", "ababab"),
    ],
)
def test_cells_are_written_in_decimal_and_compared_by_bits(
    written: object, arrow_format: str, cell: str | None
) -> None:
    assert encode(written, arrow_format) == cell
    assert matches(written, cell, arrow_format)
    assert not matches(written, "something else", arrow_format)


def test_a_digest_stands_for_a_long_cell() -> None:
    text = "é" * 1000
    expected = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "length": 2000}
    assert matches(expected, text, "u")
    assert not matches(expected, text + "e", "u")
    assert not matches(expected, None, "u")


def test_long_cells_are_shown_by_their_beginning() -> None:
    assert show("x" * 1000) == f"'{'x' * 40}'... (1000 characters)"
    assert show("0x3fb999999999999a", "g") == "0x3fb999999999999a (0.1)"


def test_connection_strings_keep_what_is_not_changed() -> None:
    text = ConnectionString.parse("Driver={Some Driver};PWD={a;}}b};Server=host")
    text.set("pwd", "x;y}")
    text.set("Port", "1")
    text.remove("SERVER")
    assert str(text) == "Driver={Some Driver};PWD={x;y}}};Port=1;"


def test_parameters_are_written_by_position_by_name_or_generated() -> None:
    half = {"type": "g", "value": "0.5"}
    bits = {"type": "g", "value": "0x3fe0000000000000"}
    assert parameters.encoded([half]) == [bits]
    assert parameters.encoded({"from": half}) == {"from": bits}
    numbers = {"from": 1, "to": 2, "parameter": {"type": "l", "value": "{i}"}}
    assert parameters.encoded(numbers) == [{"type": "l", "value": str(i)} for i in (1, 2)]
    assert list(parameters.values({"a": half, "b": half})) == [half, half]
