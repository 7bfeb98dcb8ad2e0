{#- Google's default channel groups for traffic that is not from its own advertising accounts (support.google.com, answer
    9756891), in their order and with their expressions; docs/decisions/0016-channels.md says what is judged otherwise.

    The macros read utm_source, utm_medium, utm_campaign, click_id, origin, referrer, referrer_type and referrer_name of a
    session's first event; `channel` also `medium` (channel_medium) and `source_category` (Google's, of channel_source). -#}

{#- SQL: the source as Google would name it: the tagged source, else the referring site, else the network of the click id. -#}
{% macro channel_source() -%}
    {%- set networks = {
        'gclid': 'google', 'gbraid': 'google', 'wbraid': 'google', 'gad_source': 'google', 'dclid': 'google',
        'msclkid': 'bing', 'yclid': 'yandex', 'ymclid': 'yandex', 'n_media': 'naver', 'napm': 'naver',
        'fbclid': 'facebook', 'igshid': 'instagram', 'igsh': 'instagram', 'ttclid': 'tiktok', 'twclid': 'twitter',
        'li_fat_id': 'linkedin', 'rdt_cid': 'reddit', 'sccid': 'snapchat', 'epik': 'pinterest', 'qclid': 'quora'
    } -%}
    multiIf(
        utm_source != '', lower(utm_source),
        referrer = '' or domain(referrer) = domain(origin),
            transform(toString(click_id), {{ networks | list }}, {{ networks.values() | list }}, ''),
        click_id != '' and referrer_name != '', lower(referrer_name),
        lower(domainWithoutWWW(referrer))
    )
{%- endmacro %}


{#- SQL: the medium as Google would name it: the tagged medium, else the medium of the click id or of the kind of referrer. -#}
{% macro channel_medium() -%}
    {%- set unpaid = {
        'fbclid': 'referral', 'igshid': 'referral', 'igsh': 'referral',
        'dclid': 'display', 'irclickid': 'affiliate', 'cjevent': 'affiliate', 'awc': 'affiliate'
    } -%}
    multiIf(
        utm_medium != '', lower(utm_medium),
        click_id != '', transform(toString(click_id), {{ unpaid | list }}, {{ unpaid.values() | list }}, 'cpc'),
        referrer_type = 'chat', 'ai-assistant',
        utm_source != '', '(not set)',
        referrer_type = 'search', 'organic',
        referrer_type = 'email', 'email',
        referrer_type not in ('', 'direct', 'internal'), 'referral',
        utm_campaign = '', '(none)',
        '(not set)'
    )
{%- endmacro %}


{#- SQL: the channel whose rule fits first. -#}
{% macro channel() -%}
    {%- set is_paid = "match(medium, '^(.*cp.*|ppc|retargeting|paid.*)$')" -%}
    {%- set is_untagged = "utm_source = '' and utm_medium = ''" -%}
    {%- set is_search = "(source_category = 'SOURCE_CATEGORY_SEARCH' or (" ~ is_untagged ~ " and referrer_type = 'search'))" -%}
    {%- set is_social = "(source_category = 'SOURCE_CATEGORY_SOCIAL' or (" ~ is_untagged ~ " and referrer_type = 'social'))" -%}
    {%- set is_video = "source_category = 'SOURCE_CATEGORY_VIDEO'" -%}
    {%- set is_shopping = "(source_category = 'SOURCE_CATEGORY_SHOPPING'"
        ~ " or match(lower(utm_campaign), '^(.*(([^a-df-z]|^)shop|shopping).*)$'))" -%}
    {%- set mail = "('email', 'e-mail', 'e_mail', 'e mail')" -%}
    multiIf(
        (lower(utm_source) in ('', '(direct)') and medium = '(none)')
            or (lower(utm_source) = '(direct)' and medium = '(not set)'), 'Direct',
        position(lower(utm_campaign), 'cross-network') > 0, 'Cross-network',
        {{ is_shopping }} and {{ is_paid }}, 'Paid Shopping',
        {{ is_search }} and {{ is_paid }}, 'Paid Search',
        {{ is_social }} and {{ is_paid }}, 'Paid Social',
        {{ is_video }} and {{ is_paid }}, 'Paid Video',
        medium in ('display', 'banner', 'expandable', 'interstitial', 'cpm'), 'Display',
        {{ is_paid }}, 'Paid Other',
        medium = 'ai-assistant', 'AI Assistant',
        {{ is_shopping }}, 'Organic Shopping',
        {{ is_social }} or medium in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media'),
            'Organic Social',
        {{ is_video }} or match(medium, '^(.*video.*)$'), 'Organic Video',
        {{ is_search }} or medium = 'organic', 'Organic Search',
        medium in ('referral', 'app', 'link'), 'Referral',
        lower(utm_source) in {{ mail }} or medium in {{ mail }}, 'Email',
        medium = 'affiliate', 'Affiliates',
        medium = 'audio', 'Audio',
        lower(utm_source) = 'sms' or medium = 'sms', 'SMS',
        endsWith(medium, 'push') or match(medium, 'mobile|notification') or lower(utm_source) = 'firebase',
            'Mobile Push Notifications',
        'Unassigned'
    )
{%- endmacro %}
