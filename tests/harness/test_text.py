from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from harness.options import Options, cases

DINOS = Path(__file__).parents[2].parent / "shared" / "data" / "dinos.txt"


def test_windows_are_the_text_and_targets_the_next_character(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    text = "the quick brown fox jumps over the lazy dog\n"
    path.write_text(text, encoding="utf-8")
    (case,) = cases(Options(text=path, shape="T=6,B=3"))[0]
    alphabet = sorted(set(text))
    codes, targets = case.arrays["x"].argmax(axis=-1), case.arrays["y"]
    assert (case.arrays["x"].sum(axis=-1) == 1).all()
    assert case.sizes["D"] == case.sizes["K"] == len(alphabet)
    for b in range(3):
        assert "".join(alphabet[k] for k in [*codes[:, b], targets[-1, b]]) in text
        assert np.array_equal(codes[1:, b], targets[:-1, b])


def test_symbols_beyond_ascii(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("añb→c😀" * 5, encoding="utf-8")
    (case,) = cases(Options(text=path))[0]
    assert case.sizes["D"] == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"aaaa", "has the one symbol 'a'"),
        (b"\xff\xfeab", "is not UTF-8: byte 0xff at 0"),
        (b"abcabc", "has 6 symbols, T=12 needs 13"),
    ],
)
def test_texts_that_cannot_be_used(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(BadInput) as raised:
        cases(Options(text=path))
    assert str(raised.value).startswith(f"text {path}: {message}")


def test_a_text_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        cases(Options(text=tmp_path / "none"))


def test_a_loss_that_predicts_no_character(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="needs softmax-cross-entropy"):
        cases(Options(text=tmp_path / "text.txt", loss="squared-error"))


@pytest.mark.skipif(not DINOS.exists(), reason="needs ../shared/data/dinos.txt, which only the project's workshop has")
def test_a_real_text() -> None:
    (case,) = cases(Options(text=DINOS))[0]
    assert case.sizes == {"T": 12, "B": 4, "D": 53, "H": 16, "K": 53}
