"""Queries by which the search is judged."""

from pathlib import Path

import pytest

from kb.search.labelled import Labelled, read_queries

GOOD = '[[query]]\ntext = "a"\nkind = "api"\nentries = [61, 62]\n'


def test_are_read(tmp_path: Path) -> None:
    """Text, kind, entries."""
    (tmp_path / "queries.toml").write_text(GOOD)
    assert ([Labelled("a", "api", (61, 62))], []) == read_queries(tmp_path)


def test_deck_without_any(tmp_path: Path) -> None:
    """No file is no mistake."""
    assert ([], []) == read_queries(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "[[query]]",
        '[[query]]\ntext = "a"\nkind = "api"\nentries = []',
        '[[query]]\ntext = "a"\nkind = "b"\nentries = [61]',
        "query = 3\nother = 4",
        "x",
    ],
)
def test_mistake_is_told(tmp_path: Path, text: str) -> None:
    """One complaint, no error."""
    (tmp_path / "queries.toml").write_text(text)
    queries, complaints = read_queries(tmp_path)
    assert queries == []
    assert len(complaints) == 1


def test_query_that_is_there_twice_is_told(tmp_path: Path) -> None:
    """By its text."""
    (tmp_path / "queries.toml").write_text(GOOD + GOOD)
    assert "'a' is there twice" in read_queries(tmp_path)[1][0].message
