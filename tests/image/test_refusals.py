"""Where the image cannot be built, the program says why and starts nothing."""

import os

import pytest

from tests.image.__main__ import main


def test_a_user_without_the_rights_of_root_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main() == 2
    assert "needs root" in capsys.readouterr().err


def test_missing_programs_are_named_with_their_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    assert main() == 2
    told = capsys.readouterr().err
    assert "debootstrap, ip" in told
    assert "apt-get install debootstrap" in told
