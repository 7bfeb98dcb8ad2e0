"""The rooms of the dbt project: a folder is an idea, and each model says in which phase of a build it is filled."""

import re
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"
MACROS = MODELS.parent / "macros"
SQL = sorted(MODELS.rglob("*.sql"))
# Intermediate models that other folders read: the folders that read each of them, and the reason why a second model
# would be worse.
SHARED = {
    "int_event_copies": ({"identities", "rollups", "sessions"}, "which copy counts is decided once, for all"),
    "int_events__sessionized": ({"events", "identities"}, "the narrow rows that sessions and owners are both made of"),
    "int_events__valued": (
        {"groups", "paths", "profiles", "rollups", "sessions"},
        "a view: which revenue adds up is one rule",
    ),
    "int_device_handovers": ({"sessions"}, "a session goes on over midnight, when its device's id changes"),
    "int_operations": ({"groups", "identities"}, "operations count once, whatever they say: traits, names, groups"),
    "int_aliases": ({"events", "profiles"}, "who somebody is called by now is decided once"),
    "int_aliases__published": ({"tail"}, "who owns what waits to be built is who readers see as its owner"),
    "int_identities": ({"events"}, "its public twin is filled when the days are, and events come before"),
    "int_profile_days": (
        {"retention", "rollups"},
        "retention and returns are of the same days that a profile was there on",
    ),
    "int_trait_changes": ({"cohorts"}, "what was known of a profile at an instant is folded as its properties are"),
    "int_session_days": (
        {"rollups"},
        "the events of a session are put in order once, and pages last until the next one",
    ),
    "int_device_days": ({"rollups"}, "returns are of the same days that a device was there on"),
}


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_a_model_names_the_phase_that_fills_it(path: Path) -> None:
    assert len(re.findall(r"\btags='(?:facts|daily|folded)'", path.read_text())) == 1, "else no build selects it"


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_staging_holds_the_models_that_read_raw_as_it_is(path: Path) -> None:
    assert (path.parent.name == "staging") == path.name.startswith("stg_")


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_an_intermediate_model_is_read_in_its_folder_or_for_a_reason(path: Path) -> None:
    folders = {each.stem: each.parent.name for each in SQL}
    read = set(re.findall(r"ref\('(int_\w+)'\)", path.read_text()))
    elsewhere = {name for name in read if folders[name] != path.parent.name}
    assert {name for name in elsewhere if path.parent.name not in SHARED.get(name, (set(), ""))[0]} == set()


def test_no_reason_is_listed_for_a_model_that_no_longer_reads_another_folder() -> None:
    text = {folder: "".join(path.read_text() for path in SQL if path.parent.name == folder) for folder in _folders()}
    needless = [
        (name, each) for name, (readers, _) in SHARED.items() for each in readers if f"'{name}'" not in text[each]
    ]
    assert needless == []


def _folders() -> set[str]:
    return {path.parent.name for path in SQL}


# Columns whose texts a sender chooses, under every name that models group by.
CHOSEN = {
    *("alias", "device_id", "profile_id", "owner_id", "entity", "group_id", "named_id", "member_of", "trait", "path"),
    *("from_path", "to_path", "name", "breakdown_value", "referrer_name", "utm_source", "device", "browser", "city"),
}
# Keys whose values come from definitions only, however a sender names its events.
OF_DEFINITIONS = {"project_id, funnel_id, counted_by, step_order, breakdown_place, name"}


@pytest.mark.parametrize("path", [*SQL, *sorted(MACROS.glob("*.sql"))], ids=lambda path: path.stem)
def test_texts_that_senders_choose_are_grouped_with_a_key_that_they_cannot_predict(path: Path) -> None:
    for keys in re.findall(r"^ *group by\s+((?:.+,\s*\n)*.+)$", path.read_text(), re.MULTILINE):
        if keys not in OF_DEFINITIONS and CHOSEN & set(re.findall(r"\w+", keys)):
            assert "unguessable(" in keys, keys
    if path.stem != "unguessable":
        # Nobody can find texts with equal 64-bit hashes.
        assert not re.search(r"groupUniqArray\w*\((?!sipHash64|\w+_hash\b)", path.read_text()), (
            "`distinct_texts` does the same"
        )
