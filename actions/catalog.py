"""What Sundial works with, which tip fits which trouble, and whose story is closest to a business."""

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

# Known by name only: whether they can be connected is for a person to say.
_OTHERS: Final = {
    "big cartel": "Big Cartel",
    "depop": "Depop",
    "facebook": "Facebook",
    "gumroad": "Gumroad",
    "linkedin": "LinkedIn",
    "pinterest": "Pinterest",
    "prestashop": "PrestaShop",
    "snapchat": "Snapchat",
    "vinted": "Vinted",
    "webflow": "Webflow",
    "youtube": "YouTube",
}

_NAMES: Final = {**SUPPORTED, **NOT_YET, **_OTHERS}
_MENTION = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True)) + r")\b", re.IGNORECASE)

# In this order: "too many questions to answer" is about time, though it names answers too.
_TIPS: Final = {
    "utter_tip_carts": (r"\bcarts?\b", "checkout", "basket"),
    "utter_tip_repeat_orders": (
        *("repeat", "reorder", r"com(?:e|es|ing) back", "came back", "returning", "(?:buy|order) again", "once and"),
        *("old customers", "customers back", "loyal"),
    ),
    "utter_tip_no_time": (
        *("no time", "have time", "alone", "(?:only|just) me", "too many", "keep up", "same (?:thing|question)"),
        *("everything", "too small", "fewer questions", "save time", "busy"),
    ),
    "utter_tip_follow_up": ("follow(?:ing)?.?up", "forget to (?:write|reply|answer)", "write (?:people |them )?back$"),
    "utter_tip_no_shows": ("no.?shows?", "(?:don'?t|not|never) (?:show|turn) up", "cancel"),
    "utter_tip_going_quiet": (
        *("ghost", "quiet", "disappear", "vanish", "go(?:es)? cold", "stop(?:ped|s)? (?:answering|replying)"),
        *("asks? (?:for )?(?:the )?prices?", "no orders"),
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
_STORIES: Final = {
    "utter_examples_food": re.compile(
        r"bak(?:e|er|ing)|cake|bread|caf[eé]|coffee|restaurant|food|pizza|chocolate|cook|cater|wine|beer|brew|tea\b",
        re.IGNORECASE,
    ),
    "utter_examples_service": re.compile(
        r"studio|salon|gym|repair|clean|groom|train|coach|lesson|photograph|hair|nails|spa\b|clinic|tattoo|rent|bikes?\b"
        r"|car\b",
        re.IGNORECASE,
    ),
}
GENERAL_STORY: Final = "utter_examples"
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
    return tips_for(*matters)[0]


def tips_for(*matters: str | None) -> list[str]:
    """The responses with tips for these matters, best first, and the general ones last."""
    fitting = [_tip(matter) for matter in matters if matter]
    return [*dict.fromkeys(tip for tip in fitting if tip), GENERAL_TIP]


def _tip(matter: str) -> str | None:
    return next((response for response, pattern in _TIP_RULES.items() if pattern.search(matter)), None)


def stories_for(business: str | None) -> list[str]:
    """The responses that tell of a customer, the one most like this business first."""
    fitting = [response for response, pattern in _STORIES.items() if business and pattern.search(business)]
    return list(dict.fromkeys([*fitting, GENERAL_STORY, *_STORIES]))
