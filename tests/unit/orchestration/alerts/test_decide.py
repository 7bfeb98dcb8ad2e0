"""Whom is what told? Everybody each problem once, and its end."""

from collections.abc import Mapping

from orchestration.alerts.decide import Message, Open, Problem, after, decide_messages

BUILD = Problem("build", "A build failed.", "http://dagster/runs/1")
SPOOL = Problem("spool", "The spool grows.")
CHECK = Problem("check lens/events: unique", "A check is red: lens/events: unique.")
BOTH = ("webhook", "email")


def look(
    known: Mapping[str, Open],
    *problems: Problem,
    ways: tuple[str, ...] = BOTH,
    unknown: tuple[str, ...] = (),
    failing: tuple[str, ...] = (),
) -> tuple[list[tuple[str, str, bool]], dict[str, Open]]:
    """What was said in one look, and what is open then; the ways in `failing` deliver nothing."""
    said = [message for message in decide_messages(known, problems, unknown, ways) if message.way not in failing]
    told = [(message.way, message.problem.key, message.is_over) for message in said]
    return told, after(known, problems, unknown, said)


def test_a_problem_is_told_once_and_once_when_it_is_over() -> None:
    told, known = look({}, BUILD)
    assert told == [("webhook", "build", False), ("email", "build", False)]
    again, known = look(known, Problem("build", "Another run of it failed.", "http://dagster/runs/2"))
    assert again == []
    told, known = look(known)
    assert told == [("webhook", "build", True), ("email", "build", True)]
    assert known == {}
    assert look(known) == ([], {})


def test_problems_are_told_apart() -> None:
    _, known = look({}, BUILD, CHECK)
    told, known = look(known, CHECK, SPOOL, ways=("webhook",))
    assert told == [("webhook", "spool", False), ("webhook", "build", True)]
    assert {"check lens/events: unique", "spool"} <= known.keys()


def test_an_undelivered_message_is_sent_the_next_time() -> None:
    told, known = look({}, BUILD, failing=("email",))
    assert told == [("webhook", "build", False)]
    told, known = look(known, BUILD)
    assert told == [("email", "build", False)]
    told, known = look(known, failing=("webhook",))
    assert told == [("email", "build", True)]
    assert look(known) == ([("webhook", "build", True)], {})


def test_the_end_of_a_problem_that_was_never_announced_is_not_announced() -> None:
    _, known = look({}, BUILD, failing=BOTH)
    assert look(known) == ([], {})


def test_a_problem_whose_state_is_unknown_is_not_over() -> None:
    _, known = look({}, SPOOL, CHECK)
    told, known = look(known, CHECK, unknown=("landing", "spool"))
    assert told == []
    assert known.keys() == {"spool", CHECK.key}
    assert look(known, CHECK)[0] == [("webhook", "spool", True), ("email", "spool", True)]


def test_a_message_has_a_subject_of_one_line_and_the_address_of_the_run() -> None:
    begun, over = (Message("email", BUILD, is_over=is_over) for is_over in (False, True))
    assert (begun.subject, over.subject) == ("Event Lens: A build failed.", "Event Lens: over: A build failed.")
    assert begun.text == "A build failed.\nhttp://dagster/runs/1"
    assert over.text == "Over: A build failed.\nhttp://dagster/runs/1"
