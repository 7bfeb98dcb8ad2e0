{#- The parameters of the tail's views (docs/decisions/0034-the-tail.md): the devices of a project that have waiting rows, the
    local days that these rows can change, the devices and days to read in order to recompute those days, and the results of
    earlier views. -#}


{#- The arguments with which one view of the tail reads another. -#}
{% macro tail_arguments(with_found=true) -%}
    project = {project:String}, read_devices = {read_devices:Array(String)}, read_days = {read_days:Array(Date)}
    {%- if with_found %},
    devices = {devices:Array(String)}, days = {days:Array(Date)},
    copied_batches = {copied_batches:Array(String)}, copied_rows = {copied_rows:Array(UInt32)},
    handed_devices = {handed_devices:Array(String)}, handed_days = {handed_days:Array(Date)},
    handed_from = {handed_from:Array(String)}, handed_until = {handed_until:Array(Int64)}
    {%- endif %}
{%- endmacro %}


{#- SQL: whether a raw row is among the devices and days to read. -#}
{% macro is_read_for_tail() -%}
    project_id = {project:String} and day in {read_days:Array(Date)} and device_id in {read_devices:Array(String)}
{%- endmacro %}


{#- SQL: the duplicates that `int_tail_copies` found. -#}
{% macro found_copies() -%}
    select {project:String} as project_id, batch_id, batch_row
    from (select {copied_batches:Array(String)} as batches, {copied_rows:Array(UInt32)} as rows)
    array join batches as batch_id, rows as batch_row
{%- endmacro %}


{#- SQL: the pairs of devices that `int_tail_handovers` found. -#}
{% macro found_handovers() -%}
    select
        {project:String} as project_id,
        device_id,
        utc_day,
        previous_device_id,
        fromUnixTimestamp64Milli(until_ms, 'UTC') as last_at
    from (
        select
            {handed_devices:Array(String)} as devices,
            {handed_days:Array(Date)} as days,
            {handed_from:Array(String)} as previous,
            {handed_until:Array(Int64)} as until
    )
    array join devices as device_id, days as utc_day, previous as previous_device_id, until as until_ms
{%- endmacro %}
