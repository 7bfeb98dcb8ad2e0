"""`docs/cookbook.md`, written from the questions in `docs/cookbook/` and their answers."""

from docs.generate.questions import PARAMETERS, SqlQuestion, answer_table, read_answers, read_questions

HEAD = """# Cookbook

Questions that analysts ask, each with its SQL and its answer on the demo's data: eight weeks of a shop, up to a
Wednesday afternoon, of which one week was imported. The tests run every question as the user `analyst`. If the API
can give the same answer, they compare both, and the call of the [Python client](api.md#in-python) is below the table;
its `period` is `{{"start_date": "{start}", "end_date": "{end}"}}`. [Tables](tables.md) describes the tables. This
page is written from the files in [docs/cookbook](cookbook) by `python -m docs.generate`.

Every statement takes `project`, `start` and `end` (dates, inclusive) as parameters, so you can run it unchanged:

```sh
curl 'http://127.0.0.1:8123/?user=analyst&param_project=PROJECT&param_start={start}&param_end={end}' \\
  --data-binary @docs/cookbook/12-channels.sql -H 'X-ClickHouse-Format: PrettyCompact'
```

If a tool has no parameters, write the values into the SQL; [connecting](connecting.md) describes each tool. In Python
`lens.sql(Path("docs/cookbook/12-channels.sql").read_text(), {{"start": "{start}", "end": "{end}"}})` returns a frame;
the project is the lens's own.

"""


def cookbook_page() -> str:
    """Return the text of the page: the list of questions, then each question with its SQL and answer."""
    questions, answers = read_questions("cookbook"), read_answers()
    listed = "".join(f"- [{each.question}](#{_anchor(each)})\n" for each in questions)
    return HEAD.format(**PARAMETERS) + listed + "".join(_section(each, answers[each.name]) for each in questions)


def _section(each: SqlQuestion, answer: dict[str, object]) -> str:
    call = f"\n`{each.call}`\n" if each.call else ""
    return f"\n## {each.question}\n\n```sql\n{each.sql}\n```\n\n{answer_table(answer)}{call}"


def _anchor(each: SqlQuestion) -> str:
    """Return the anchor that GitHub makes of a question's heading."""
    kept = "".join(letter for letter in each.question.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")
