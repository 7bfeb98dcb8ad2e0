"""Reading a Dockerfile and a .dockerignore, as the program that builds the image in chroots does."""

import pytest

from tests.deploy.front import DEPLOY
from tests.image.dockerfile import Ignored, Instruction, read_stages

TEXT = r"""
# A comment
FROM debian:12 AS first
RUN one \
# between
 && two
FROM debian:12
COPY --from=first /venv /venv
ENV PATH=/venv/bin:$PATH \
    NAME="two words"
HEALTHCHECK --interval=10s --retries=3 \
    CMD ["python", "-c", "1"]
"""


def test_stages_have_their_instructions_in_order_and_on_one_line() -> None:
    first, second = read_stages(TEXT)
    assert (first.base, first.name, first.instructions) == ("debian:12", "first", [Instruction("RUN", "one && two")])
    assert [found.word for found in second.instructions] == ["COPY", "ENV", "HEALTHCHECK"]
    copied, environment, health = second.instructions
    assert (copied.flags(), copied.rest()) == ({"from": "first"}, "/venv /venv")
    assert environment.pairs() == [("PATH", "/venv/bin:$PATH"), ("NAME", "two words")]
    assert health.command() == ["python", "-c", "1"]


def test_a_word_that_is_not_carried_out_is_refused() -> None:
    with pytest.raises(ValueError, match="ADD is not a word"):
        read_stages("FROM debian:12\nADD https://example.com/x /x")


def test_the_last_matching_pattern_counts() -> None:
    ignored = Ignored("*\n!kept\n**/__pycache__\nkept/logs\n")
    assert not ignored.has("kept/a/b.py")
    for path in ("other", "other/kept", "kept/a/__pycache__/b.pyc", "kept/logs/x", "keptnot"):
        assert ignored.has(path), path


def test_ours_is_read_whole() -> None:
    packages, last = read_stages((DEPLOY / "Dockerfile").read_text())
    assert packages.name == "packages"
    assert last.last("ENTRYPOINT").command() == ["python", "-m", "cli.main"]
    assert "urlopen" in last.last("HEALTHCHECK").command()[2]
    assert "urlopen" not in last.last("CMD").text
