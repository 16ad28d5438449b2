"""What Sundial works with, and which tip fits which trouble."""

import re
from typing import Final

SUPPORTED: Final = {
    "shopify": "Shopify",
    "woocommerce": "WooCommerce",
    "woo commerce": "WooCommerce",
    "woo": "WooCommerce",
    "wordpress": "WordPress",
    "wix": "Wix",
    "squarespace": "Squarespace",
    "mailchimp": "Mailchimp",
    "messenger": "Messenger",
    "facebook messenger": "Messenger",
}
NOT_YET: Final = {
    "etsy": "Etsy",
    "instagram": "Instagram",
    "insta": "Instagram",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "tiktok": "TikTok",
    "tiktok shop": "TikTok",
    "magento": "Magento",
    "bigcommerce": "BigCommerce",
    "amazon": "Amazon",
    "ebay": "eBay",
    "klaviyo": "Klaviyo",
    "hubspot": "HubSpot",
}
# Where a shop can live: the only platforms that "you're on ..." is true of.
SHOP_SYSTEMS: Final = frozenset({"Shopify", "WooCommerce", "WordPress", "Wix", "Squarespace"})

_NAMES: Final = {**SUPPORTED, **NOT_YET}
_MENTION = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True)) + r")\b", re.IGNORECASE)

# In this order: what is said first about a matter is often not what it is about ("too many questions" before "answers").
_TIPS: Final = {
    "utter_tip_carts": (r"\bcarts?\b", "checkout", "basket"),
    "utter_tip_repeat_orders": (
        *("repeat", r"com(?:e|es|ing) back", "came back", "returning", "(?:buy|order) again", "once and"),
        *("old customers", "customers back", "loyal"),
    ),
    "utter_tip_no_time": (
        *("no time", "have time", "alone", "(?:only|just) me", "too many", "keep up", "same (?:thing|question)"),
        *("everything", "too small", "fewer questions", "save time", "busy"),
    ),
    "utter_tip_going_quiet": (
        *("ghost", "quiet", "disappear", "vanish", "go(?:es)? cold", "stop(?:ped|s)? (?:answering|replying)"),
        *("asks? (?:for )?(?:the )?prices?", "no.?shows?", "no orders", "follow up"),
    ),
    "utter_tip_slow_replies": (
        *(r"\blate\b", "slow(?! (?:month|season|sales|day|period))", "in time", "too long", "night", "asleep"),
        *("answers? my", "repl(?:y|ies)", "fast", r"quick(?:er|ly)", r"\bdms?\b", "weekend"),
    ),
    "utter_tip_visitors": (
        *("traffic", "finds? (?:me|us|my)", "found", "knows? (?:us|me)", "(?:new|more) customers", "visitors", "leads"),
        *("followers", "awareness", "reach", "first order", "through the door", r"\bads?\b"),
    ),
}
_TIP_RULES: Final = {response: re.compile("|".join(parts), re.IGNORECASE) for response, parts in _TIPS.items()}
GENERAL_TIP: Final = "utter_tip_general"


def platform_in(text: str) -> str | None:
    """The first platform of our list that the text names, in its proper spelling."""
    match = _MENTION.search(text)
    return _NAMES[match.group().lower()] if match else None


def proper_platform(name: str) -> str:
    """The platform's proper spelling, or the name as it was given when we don't know it."""
    return _NAMES.get(name.lower(), name)


def tip_for(*matters: str | None) -> str:
    """The response with tips for the first matter that a tip fits, most telling matter first."""
    for matter in matters:
        for response, pattern in _TIP_RULES.items():
            if matter and pattern.search(matter):
                return response
    return GENERAL_TIP
