{#- SQL: the channel of a session's first event, after Google's default channel groups: the first rule that fits.

    Reads utm_source, utm_medium, utm_campaign, click_id, referrer_type, referrer_name and source_category (Google's
    category of the source, from the seed). Where no medium was tagged, the type of the referrer stands for it. -#}
{% macro channel() -%}
    {%- set medium = "lower(utm_medium)" -%}
    {%- set is_paid = "(match(lower(utm_medium), '^(.*cp.*|ppc|retargeting|paid.*)$') or (utm_medium = '' and click_id != ''))" -%}
    {%- set is_search = "(source_category = 'SOURCE_CATEGORY_SEARCH' or referrer_type = 'search')" -%}
    {%- set is_social = "(source_category = 'SOURCE_CATEGORY_SOCIAL' or referrer_type = 'social')" -%}
    {%- set is_video = "source_category = 'SOURCE_CATEGORY_VIDEO'" -%}
    {%- set is_shopping = "(source_category = 'SOURCE_CATEGORY_SHOPPING'"
        ~ " or match(lower(utm_campaign), '(^|[^a-df-z])shop|shopping'))" -%}
    {%- set mail = "('email', 'e-mail', 'e_mail', 'e mail')" -%}
    {%- set is_untagged = "utm_source = '' and utm_medium = '' and utm_campaign = '' and click_id = ''" -%}
    multiIf(
        {{ is_untagged }} and referrer_type in ('', 'direct', 'internal'), 'Direct',
        position(lower(utm_campaign), 'cross-network') > 0, 'Cross-network',
        {{ is_shopping }} and {{ is_paid }}, 'Paid Shopping',
        {{ is_search }} and {{ is_paid }}, 'Paid Search',
        {{ is_social }} and {{ is_paid }}, 'Paid Social',
        {{ is_video }} and {{ is_paid }}, 'Paid Video',
        {{ medium }} in ('display', 'banner', 'expandable', 'interstitial', 'cpm'), 'Display',
        {{ is_paid }}, 'Paid Other',
        {{ is_shopping }}, 'Organic Shopping',
        {{ is_social }} or {{ medium }} in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media'),
            'Organic Social',
        {{ is_video }} or position({{ medium }}, 'video') > 0, 'Organic Video',
        {{ is_search }} or {{ medium }} = 'organic', 'Organic Search',
        lower(utm_source) in {{ mail }} or {{ medium }} in {{ mail }} or referrer_type = 'email', 'Email',
        {{ medium }} = 'affiliate', 'Affiliates',
        {{ medium }} in ('referral', 'app', 'link'), 'Referral',
        {{ medium }} = 'audio', 'Audio',
        lower(utm_source) = 'sms' or {{ medium }} = 'sms', 'SMS',
        endsWith({{ medium }}, 'push') or match({{ medium }}, 'mobile|notification') or utm_source = 'firebase',
            'Mobile Push Notifications',
        {{ is_untagged }}, 'Referral',
        'Unassigned'
    )
{%- endmacro %}
