"""Which language a reader gets."""

import pytest

from kb.errors import UsageError
from kb.screen.language import choose_language


@pytest.mark.parametrize(
    ("asked", "environ", "expected"),
    [
        (None, {}, "en"),
        ("zh", {"KB_LANG": "en"}, "zh"),
        ("zh-CN", {}, "zh"),
        (None, {"KB_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANGUAGE": "fr:zh_CN:en"}, "zh"),
        (None, {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "zh_TW.UTF-8"}, "zh"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        (None, {"LANG": "fr_FR"}, "en"),
    ],
)
def test_order_of_wishes(asked: str | None, environ: dict[str, str], expected: str) -> None:
    """The option first, then KB_LANG, then the locale, then English."""
    assert expected == choose_language(asked, environ, ("en", "zh"))


def test_option_is_strict() -> None:
    """A language that the deck lacks is an error where it was asked for."""
    with pytest.raises(UsageError, match="no language 'fr'; the deck has en, zh"):
        choose_language("fr", {}, ("en", "zh"))


def test_deck_without_english() -> None:
    """The deck's primary language is the last resort."""
    assert choose_language(None, {"LANG": "fr"}, ("de", "zh")) == "de"
