"""Keys: whatever bytes a terminal sends, reading ends, raises nothing, and loses no character that was pressed."""

from hypothesis import example, given
from hypothesis import strategies as st

from kb.screen.keys import END
from tests.screen.test_keys import keys_of

CHARACTERS = st.characters(exclude_categories=["C", "Z"])

OF_NO_USE = st.sampled_from(
    [
        *(b"\0", b"\x1b[15~", b"\x1bOP", b"\x1b[[A", b"\x1b[1;5C", b"\x1b[<0;3;3M", b"\x1b[M !!", b"\x1b]11;x\x07"),
        *(b"\x1b\x1b[A", b"\x1b[200~a\rq\x1b[201~", b"\x1bP1$r\x1b\\", b"\x80", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"),
        *(b"\x1bb", b"\x1b[Z"),
    ]
)


@given(st.binary(max_size=40))
@example(b"\x1b[200~")
@example(b"\xe4\x1b[")
@example(b"\x1b\x1b\x1b[")
def test_any_bytes_are_read_to_their_end(data: bytes) -> None:
    """No more keys than bytes."""
    keys = keys_of(data)
    assert len(keys) <= len(data)
    assert END not in keys
    "".join(keys).encode()


@given(st.lists(st.one_of(CHARACTERS, OF_NO_USE), max_size=12))
def test_every_character_is_a_key(pressed: list[str | bytes]) -> None:
    """Whatever of no use comes between them."""
    data = b"".join(one.encode() if isinstance(one, str) else one for one in pressed)
    assert [one for one in pressed if isinstance(one, str)] == keys_of(data)
