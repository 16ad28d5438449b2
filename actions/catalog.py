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

_TIPS: Final = (
    ("utter_tip_carts", r"\bcarts?\b|checkout|basket"),
    ("utter_tip_repeat_orders", r"repeat|come back|coming back|came back|return|again|buy once|old customers|loyal"),
    ("utter_tip_going_quiet", r"ghost|quiet|disappear|vanish|go cold|stop answering|stop replying|ask the price|no shows?|no orders|follow up"),
    ("utter_tip_no_time", r"no time|have time|alone|too many|keep up|same (?:thing|questions?)|everything|small team|too small|fewer questions|save time|busy"),
    ("utter_tip_slow_replies", r"\blate\b|slow|in time|too long|night|asleep|answers? my|repl(?:y|ies)|faster|quicker|dms?\b|weekend"),
    ("utter_tip_visitors", r"traffic|find me|found|know (?:us|me)|new customers|more customers|visitors|leads|followers|awareness|reach|first order|through the door|ads?\b"),
)
_TIP_RULES: Final = tuple((response, re.compile(pattern, re.IGNORECASE)) for response, pattern in _TIPS)
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
        for response, pattern in _TIP_RULES:
            if matter and pattern.search(matter):
                return response
    return GENERAL_TIP
