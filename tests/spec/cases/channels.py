"""The channel of a session, row by row: what its first event says of where it came from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Visit:
    """What the collector wrote of a first event on a page of https://shop.example."""

    channel: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    referrer: str = ""
    type: str = "direct"
    name: str = ""
    click: str = ""


GOOGLE = {"referrer": "https://www.google.de/", "type": "search", "name": "Google"}
CLICKED_GOOGLE = GOOGLE | {"type": "ad"}
FACEBOOK = {"referrer": "https://l.facebook.com/", "type": "social", "name": "Facebook"}
BLOG = {"referrer": "https://blog.example.org/a", "type": "referral"}

VISITS = [
    # Google's rules, in their order
    Visit("Direct"),
    Visit("Direct", source="(direct)", medium="(none)"),
    Visit("Direct", source="(direct)", medium="(not set)", **BLOG),
    Visit("Direct", referrer="https://shop.example/a", type="internal"),
    Visit("Cross-network", campaign="Summer Cross-Network 1", source="google", medium="cpc"),
    Visit("Paid Shopping", source="google", medium="cpc", campaign="shop"),
    Visit("Paid Shopping", source="google", medium="cpc", campaign="spring_shopping_1"),
    Visit("Paid Shopping", source="amazon", medium="ppc"),
    Visit("Paid Search", source="google", medium="cpc", campaign="workshop"),
    Visit("Paid Shopping", source="google", medium="cpc", campaign="eshop"),
    Visit("Paid Search", source="Google", medium="CPC"),
    Visit("Paid Search", source="bing", medium="paid-search"),
    Visit("Paid Search", source="naver", medium="ppc"),
    Visit("Paid Social", source="facebook", medium="paidsocial"),
    Visit("Paid Social", source="instagram", medium="retargeting"),
    Visit("Paid Video", source="youtube.com", medium="cpv-cpm"),
    Visit("Display", source="partner", medium="display"),
    Visit("Display", source="partner", medium="Banner"),
    Visit("Display", source="partner", medium="interstitial"),
    Visit("Display", source="partner", medium="expandable"),
    Visit("Display", source="partner", medium="cpm"),
    Visit("Paid Search", source="google", medium="cpm"),
    Visit("Paid Other", source="partner", medium="cpc"),
    Visit("Paid Other", source="partner", medium="paid"),
    Visit("Unassigned", source="partner", medium="xppc"),
    Visit("Organic Shopping", source="ebay", medium="referral"),
    Visit("Organic Shopping", source="partner", medium="banner-x", campaign="window shopping"),
    Visit("Organic Social", source="facebook"),
    Visit("Organic Social", source="partner", medium="social-media"),
    Visit("Organic Social", source="partner", medium="sm"),
    Visit("Organic Video", source="vimeo", medium="referral"),
    Visit("Organic Video", source="partner", medium="pre-video-roll"),
    Visit("Organic Search", source="google", medium="(not set)"),
    Visit("Organic Search", source="partner", medium="organic"),
    Visit("Referral", source="partner", medium="referral"),
    Visit("Referral", source="partner", medium="app"),
    Visit("Referral", source="partner", medium="link"),
    Visit("Email", source="newsletter", medium="email"),
    Visit("Email", source="e mail", medium="weekly"),
    Visit("Email", source="newsletter", medium="E-Mail", **GOOGLE),
    Visit("Affiliates", source="partner", medium="affiliate"),
    Visit("Audio", source="podcast", medium="audio"),
    Visit("SMS", source="sms", medium="text"),
    Visit("SMS", source="partner", medium="sms"),
    Visit("Mobile Push Notifications", source="partner", medium="webpush"),
    Visit("Mobile Push Notifications", source="partner", medium="in-mobile-app"),
    Visit("Mobile Push Notifications", source="partner", medium="notifications"),
    Visit("Mobile Push Notifications", source="firebase", medium="x"),
    Visit("Unassigned", source="partner", medium="affiliates"),
    Visit("Unassigned", source="partner"),
    Visit("Unassigned", campaign="spring"),
    # Without tags: by the referrer
    Visit("Organic Search", **GOOGLE),
    Visit("Organic Search", referrer="https://search.example.kr/", type="search", name="Small engine"),
    Visit("Organic Social", **FACEBOOK),
    Visit("Organic Social", referrer="https://mastodon.example/", type="social", name="Mastodon"),
    Visit("Organic Video", referrer="https://m.youtube.com/", type="referral"),
    Visit("Organic Shopping", referrer="https://www.amazon.com/gp/a", type="referral"),
    Visit("Email", referrer="https://mail.google.com/", type="email", name="Gmail"),
    Visit("Referral", **BLOG),
    Visit("Referral", referrer="about", type="other"),
    Visit("AI Assistant", referrer="https://chatgpt.com/", type="chat", name="ChatGPT"),
    Visit("AI Assistant", source="chatgpt.com", type="chat", name="ChatGPT"),
    Visit("AI Assistant", source="partner", medium="ai-assistant"),
    # Without a medium: by the click id
    Visit("Paid Search", click="gclid", type="ad", name="Google Ads"),
    Visit("Paid Search", click="gclid", **CLICKED_GOOGLE),
    Visit("Paid Search", click="msclkid", type="ad", name="Microsoft Ads"),
    Visit("Paid Search", click="gclid", referrer="https://shop.example/", type="ad", name="Google Ads"),
    Visit("Paid Other", click="gclid", type="ad", referrer="https://blog.example.org/"),
    Visit("Paid Search", click="gclid", source="google", type="ad"),
    Visit("Paid Shopping", click="gclid", campaign="shopping", type="ad", name="Google Ads"),
    Visit("Paid Social", click="ttclid", type="ad", name="TikTok"),
    Visit("Paid Other", click="tblci", type="ad", name="Taboola"),
    Visit("Display", click="dclid", type="ad", name="Google Ads"),
    Visit("Affiliates", click="awc", type="ad", name="Awin"),
    Visit("Email", click="gclid", source="newsletter", medium="email", type="ad"),
    # These click ids are on shared links too, so they do not prove that somebody paid
    Visit("Organic Social", click="fbclid", type="ad", name="Facebook"),
    Visit("Organic Social", click="fbclid", **FACEBOOK | {"type": "ad"}),
    Visit("Organic Social", click="igsh", type="social", name="Instagram"),
    Visit("Paid Social", click="fbclid", source="facebook", medium="paid", type="ad"),
]
