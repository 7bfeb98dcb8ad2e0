{#- SQL: whether a row is a bot's under the rules of its project: the collector's verdict, unless the project allows the
    reason. An entry of `allowed_bots` is a whole reason or its beginning followed by `*`. -#}
{% macro is_bot_now(is_bot, bot_reason, allowed_bots) -%}
    {{ is_bot }} and not arrayExists(
        allowed -> if(endsWith(allowed, '*'), startsWith({{ bot_reason }}, trimRight(allowed, '*')), {{ bot_reason }} = allowed),
        {{ allowed_bots }}
    )
{%- endmacro %}
