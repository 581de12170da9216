"""Which language a reader gets."""

import pytest

from kb.errors import UsageError
from kb.screen.language import choose_language, choose_speech, switched
from kb.screen.messages import Speech


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
    """A language that neither deck nor program has is an error where it was asked for."""
    for available in (("en", "zh"), ("en",)):
        with pytest.raises(UsageError, match="no language 'fr'; choose en, zh"):
            choose_language("fr", {}, available)


@pytest.mark.parametrize(
    ("asked", "environ", "available", "spoken", "shown"),
    [
        (None, {"KB_LANG": "zh"}, ("en",), "zh", "en"),
        (None, {"LANG": "en_US.UTF-8"}, ("zh",), "en", "zh"),
        (None, {}, ("zh",), "en", "zh"),
        ("zh", {}, ("en",), "zh", "en"),
        ("zh_CN", {"KB_LANG": "en"}, ("en", "zh"), "zh", "zh"),
        (None, {"KB_LANG": "zh"}, ("fr",), "zh", "fr"),
        ("fr", {"KB_LANG": "zh"}, ("fr",), "zh", "fr"),
        (None, {"LANGUAGE": "fr:zh"}, ("en", "fr"), "zh", "fr"),
        (None, {"LANG": "fr_FR"}, ("fr", "en"), "en", "fr"),
        (None, {"LANG": "de_DE"}, ("fr",), "en", "fr"),
    ],
)
def test_the_program_speaks_what_the_reader_asks_for(
    asked: str | None, environ: dict[str, str], available: tuple[str, ...], spoken: str, shown: str
) -> None:
    """Whatever the deck has; the deck's texts are shown in what it has of the reader's wishes."""
    say = choose_speech(asked, environ, available)
    assert (say.spoken, say.language) == (spoken, shown)
    assert say("right") == ("正确" if spoken == "zh" else "right")


def test_to_the_next_language() -> None:
    """The program follows where it can; where there is no other, all stays as it is."""
    for say, languages, spoken, shown in (
        (Speech("en"), ("en", "zh"), "zh", "zh"),
        (Speech("zh"), ("en", "zh"), "en", "en"),
        (Speech("en", "zh"), ("en",), "zh", "en"),
        (Speech("en", "zh"), ("en", "fr"), "zh", "fr"),
        (Speech("fr", "en"), ("de",), "en", "fr"),
    ):
        turned = switched(say, languages)
        assert (turned.spoken, turned.language) == (spoken, shown)


def test_deck_without_english() -> None:
    """The deck's primary language is the last resort."""
    assert choose_language(None, {"LANG": "fr"}, ("de", "zh")) == "de"
