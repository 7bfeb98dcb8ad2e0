"""`dbt_project/macros/columns.sql`: the columns of an event as models use them, written from the contract's list."""

import json

from event_lens.contract.columns import EVENT_COLUMNS, PROFILE_COLUMNS, Column
from event_lens.contract.rows import PUBLIC_COLUMNS


def columns_macros() -> str:
    """Return the text of the file."""
    short = {name: public.is_short for name, public in PUBLIC_COLUMNS.items()}
    return (
        "{#- Written from `event_lens/contract/rows.py` and `columns.py` by `python -m docs.generate`. -#}\n\n"
        "{#- The columns that `lens.events` takes over from raw as they are, and whether each is a short text. -#}\n"
        f"{{% macro columns_taken_over() -%}}\n    {{{{ return({_literal(short)}) }}}}\n{{%- endmacro %}}\n\n\n"
        "{#- The columns that filters of an event or a profile may name, by kind. -#}\n"
        "{% macro filterable_columns(owner) -%}\n"
        f"    {{%- set of_event = {_literal(_kinds(EVENT_COLUMNS))} -%}}\n"
        f"    {{%- set of_profile = {_literal(_kinds(PROFILE_COLUMNS))} -%}}\n"
        "    {{ return(of_event if owner == 'event' else of_profile) }}\n"
        "{%- endmacro %}\n"
    )


def _kinds(columns: dict[str, Column]) -> dict[str, str]:
    return {name: column.kind for name, column in columns.items()}


def _literal(values: dict[str, str] | dict[str, bool]) -> str:
    """Return a dictionary as Jinja source, one entry a line."""
    return (
        "{\n"
        + "".join(f"        {json.dumps(name)}: {json.dumps(value)},\n" for name, value in values.items())
        + "    }"
    )
