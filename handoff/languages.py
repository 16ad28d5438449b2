"""What people type in German, Spanish and French where a choice, a time or a rating is asked for. Pure.

Choices and ratings are patterns of their own. Times are put into English first, word by word, for the rules that read those. Every
language counts for everybody: the words tell them apart, and what a channel says of somebody's language is often wrong.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize

from handoff.policy import Choice


def bare(text: str) -> str:
    """In small letters without accents: `mañana` is `manana`, `Grüße` `grusse`."""
    decomposed = normalize("NFKD", text.lower().replace("ß", "ss"))
    return "".join(one for one in decomposed if category(one) != "Mn")


# ---- choices --------------------------------------------------------------------------------------------------------

_LEADS = {
    "de": r"(?:(?:ok|okay|ja|nein|gut|also|ach|dann|bitte|danke|doch|nee|na|gerne?) )*",
    "es": r"(?:(?:ok|vale|si|no|bueno|pues|entonces|por favor|gracias|mejor|oye|claro|de acuerdo) )*",
    "fr": r"(?:(?:ok|d'accord|oui|non|bon|alors|s'il (?:vous|te) plait|merci|plutot|bien|eh bien) )*",
}
_TAILS = {
    "de": r"(?: (?:bitte|dann|danke|jetzt|erstmal|lieber|doch|wieder|nochmal|ein bisschen|kurz|noch|gern(?:e)?))*",
    "es": r"(?: (?:por favor|entonces|gracias|ahora|mejor|de momento|un poco|un rato|mas|de nuevo|otra vez|luego))*",
    "fr": r"(?: (?:s'il (?:vous|te) plait|alors|merci|maintenant|plutot|pour l'instant|un peu|encore|plus tard))*",
}
_CHOICES: dict[Choice, dict[str, tuple[str, ...]]] = {
    Choice.WAIT: {
        "de": (
            r"(?:ich )?(?:warte|bleib(?:e)? dran)(?: (?:hier|gerne?|lieber|noch|weiter))*",
            r"(?:weiter )?warten",
            r"ich kann warten",
        ),
        "es": (r"(?:yo )?(?:espero|esperare|voy a esperar|puedo esperar|prefiero esperar)(?: aqui)?", r"(?:seguir )?esperar"),
        "fr": (r"(?:j'attends|j'attendrai|je vais attendre|je peux attendre|je patiente)(?: ici)?", r"attendre|patienter"),
    },
    Choice.CALLBACK: {
        "de": (
            r"(?:ruf(?:e?n? sie)?|bitte ruf(?:en sie)?) mich(?: (?:bitte|doch|spater|lieber|mal))*(?: (?:an|zur(?:u|ue)ck))?",
            r"(?:bitte )?(?:um )?(?:einen )?r(?:u|ue)ckruf(?: bitte)?",
            r"(?:bitte )?zur(?:u|ue)ckrufen",
            r"ich (?:mochte|moechte|will)(?: gerne?)? (?:(?:zur(?:u|ue)ck|an)gerufen werden|einen r(?:u|ue)ckruf)",
            r"(?:meine )?nummer (?:da ?lassen|hinterlassen)",
        ),
        "es": (
            r"(?:llama[dn]?me|llameme|me (?:puedes?|pueden|podeis) llamar|(?:quiero )?que me llamen)(?: (?:luego|mas tarde))?",
            r"(?:puedes?|pueden|podeis) llamarme",
            r"(?:prefiero )?una llamada",
            r"dejar (?:un|mi) (?:numero|telefono)",
        ),
        "fr": (
            r"(?:rappelez|rappelle|appelez|appelle) ?moi",
            r"(?:vous pouvez|tu peux) me r?appeler",
            r"(?:etre )?rappelee?",
            r"(?:je (?:veux|voudrais|souhaite) )?(?:etre rappelee?|un rappel)",
            r"laisser (?:un|mon) numero",
        ),
    },
    Choice.BOOK: {
        "de": (
            (
                r"(?:(?:ich (?:mochte|moechte|will|wurde|wuerde)(?: gern(?:e)?)? )?(?:einen |anderen |einen anderen |den )?)"
                r"(?:termin|zeitpunkt)(?: (?:buchen|vereinbaren|ausmachen|machen|verschieben|andern|aendern))?"
            ),
        ),
        "es": (
            (
                r"(?:(?:quiero|quisiera|prefiero|me gustaria|puedo) )?(?:reservar|agendar|pedir|concertar|cambiar)"
                r"(?: (?:una|otra|la|un|otro))?(?: (?:cita|hora|reunion|llamada|horario))?"
            ),
            r"(?:una |otra )?(?:cita|hora)",
        ),
        "fr": (
            (
                r"(?:(?:je (?:veux|voudrais|souhaite|prefere)|puis je|je peux) )?(?:prendre|reserver|fixer|changer|choisir)"
                r"(?: (?:un|un autre|une|une autre|le|de|l'))* ?(?:rendez vous|rdv|creneau|heure|horaire)"
            ),
            r"(?:un )?(?:rendez vous|rdv)",
        ),
    },
    Choice.BOT: {
        "de": (
            r"(?:ich )?(?:mache?|mache ich|weiter)(?: (?:einfach|lieber|weiter))* mit (?:dir|ihnen|dem bot)(?: weiter(?:machen)?)?",
            r"(?:zuruck|zurueck) zu(?:m bot| dir)",
            r"(?:der )?bot (?:reicht|ist (?:ok|okay|gut))",
        ),
        "es": (
            r"(?:sigo|seguir|seguimos|continuar|continuo|prefiero seguir)(?: hablando)? (?:contigo|con (?:el bot|usted))",
            r"(?:volver|vuelvo) (?:al bot|contigo)",
            r"(?:el )?bot (?:esta bien|me vale)",
        ),
        "fr": (
            r"(?:je )?(?:continue|continuer|continuons|reste|rester)(?: a (?:parler|discuter))? avec (?:toi|vous|le bot)",
            r"(?:retour|revenir) (?:au bot|a toi)",
            r"(?:le )?bot (?:suffit|me va|convient)",
        ),
    },
    Choice.CANCEL: {
        "de": (
            r"egal|vergiss(?: es| das)?|vergessen sie(?: es| das)?|schon gut|passt schon|hat sich erledigt|erledigt",
            r"(?:das |den termin |die anfrage |termin |anfrage )?(?:abbrechen|stornieren|absagen)",
            r"(?:ich )?(?:brauche?|brauch)(?: (?:doch|jetzt|es))* (?:niemanden|keinen menschen|keine hilfe|nichts|nicht)(?: mehr)?",
            r"nicht mehr (?:notig|noetig)",
        ),
        "es": (
            r"(?:olvidalo|olvidelo|dejalo|dejelo|no importa|da igual|ya no (?:hace falta|lo necesito))",
            r"(?:cancelar?|cancela(?:lo|r)?|cancelelo|anular?)(?: (?:la|mi|el) (?:cita|solicitud|llamada|reserva))?",
            r"ya no necesito (?:a nadie|ayuda|una persona)|no hace falta",
        ),
        "fr": (
            r"(?:laisse(?:z)? tomber|oublie(?:z)?(?: ca)?|tant pis|peu importe|ce n'est plus (?:la peine|necessaire)|plus besoin)",
            r"(?:annule(?:r|z)?)(?: (?:le|la|mon|ma|l') ?(?:rendez vous|rdv|demande|appel|reservation))?",
            r"je n'ai plus besoin (?:de personne|d'aide|d'une personne)",
        ),
    },
}
_READ = tuple(
    (choice, re.compile(f"{_LEADS[language]}(?:{'|'.join(words)}){_TAILS[language]}"))
    for choice, languages in _CHOICES.items()
    for language, words in languages.items()
)
_CALL = re.compile(
    r"\b(ruf\w*|anrufen|zur(?:u|ue)ckrufen|ruckruf|rueckruf|nummer|llam\w+|telefono|numero|(?:r?appele\w*|rappel|telephone))\b"
)


def chosen(said: str) -> Choice | None:
    """The choice that words (bare, without punctuation but apostrophes and hyphens) mean; None for anything else."""
    return next((choice for choice, pattern in _READ if pattern.fullmatch(said)), None)


def asks_to_be_called(text: str) -> bool:
    """Whether a text that holds a number asks to be called on it."""
    return _CALL.search(bare(text)) is not None


# ---- times ----------------------------------------------------------------------------------------------------------

_MONTHS = {
    "jan": "januar|enero|janvier", "feb": "februar|febrero|fevrier", "mar": "marz|maerz|marzo", "apr": "abril|avril",
    "may": "mai|mayo", "jun": "juni|junio|juin", "jul": "juli|julio|juillet", "aug": "agosto|aout", "sep": "septiembre|septembre",
    "oct": "oktober|octubre|octobre", "nov": "noviembre|novembre", "dec": "dezember|diciembre|decembre",
}  # fmt: skip
_DAYS = {
    "monday": "montags?|lunes|lundi", "tuesday": "dienstags?|martes|mardi", "wednesday": "mittwochs?|miercoles|mercredi",
    "thursday": "donnerstags?|jueves|jeudi", "friday": "freitags?|viernes|vendredi", "saturday": "samstags?|sabado|samedi",
    "sunday": "sonntags?|domingo|dimanche",
}  # fmt: skip
_WEEKDAY = "|".join(_DAYS)
_BEFORE_HOUR = r"(?= (?:las? |a |a las |um )?\d)"
_TIMES: tuple[tuple[str, str], ...] = (
    *((rf"\b(?:{words})\b", day) for day, words in _DAYS.items()),
    # German. A "morgen" after a day or "am" is the morning; by itself it is tomorrow.
    (r"\b(?:ubermorgen|uebermorgen|pasado manana|apres[- ]demain)\b", "day after tomorrow"),
    (r"\bmorgen (?:fruh|frueh|vormittags?)\b", "tomorrow morning"),
    (r"\b(?:am morgen|morgens|vormittags?|am vormittag)\b", "morning"),
    (rf"\b({_WEEKDAY}) (?:morgen|fruh|frueh)\b", r"\1 morning"),
    (r"\bmorgen\b|\bdemain\b", "tomorrow"),
    (r"\b(?:heute abend|esta noche|ce soir)\b", "today evening"),
    (r"\b(?:heute|hoy|aujourd'? ?hui)\b", "today"),
    (r"\bhalb (\d{1,2})\b", r"halb-\1"),
    (r"\b(?:nachmittags?|apres[- ]midi|de la tarde|(?:por|en|a) la tarde|esta tarde)\b", "afternoon"),
    (r"\b(?:abends?|(?:por|de|en) la noche|du soir|le soir|soir)\b", "evening"),
    (r"\b(?:mittags?|mediodia|midi)\b", "noon"),
    # Spanish. With "la" it is the morning; by itself it is tomorrow.
    (r"\b(?:(?:por|en|de) la manana|du matin|le matin|matin|matinee)\b", "morning"),
    (r"\b(?:manana)\b", "tomorrow"),
    (r"\b(?:jederzeit|egal wann|wann immer|so bald wie mo?e?glich)\b", "any time"),
    (r"\b(?:cuando sea|cualquier (?:hora|momento)|lo antes posible)\b", "any time"),
    (r"\b(?:n'? ?importe quand|des que possible|le plus tot possible|quand vous voulez)\b", "any time"),
    (rf"\b(?:nach|ab|despues de|a partir de|apres|a partir de|des){_BEFORE_HOUR}", "after"),
    (rf"\b(?:vor|antes de|avant){_BEFORE_HOUR}", "before"),
    (r"(?<=after|efore) (?:las? |a |um )", " "),
    (r"\b(\d{1,2}) ?(?:uhr|heures?|h) ?(\d{2})\b", r"\1:\2"),
    (r"\b(\d{1,2}) ?(?:uhr|heures?|horas)\b", r"\1 h"),
    (r"\b(\d{1,2}) y media\b", r"\1:30"),
    (r"\b(?:der|die|das|den|el|la|le) (?:erste[nrs]?|primer[oa]?|premi[e]re?)\b", "the first"),
    (r"\b(?:der|die|das|den|el|la|le) (?:zweite[nrs]?|segund[oa]|deuxieme|second)\b", "the second"),
    (r"\b(?:der|die|das|den|el|la|le) (?:dritte[nrs]?|tercer[oa]?|troisieme)\b", "the third"),
    (r"\b(?:der|die|das|den|el|la|le) (?:letzte[nrs]?|ultim[oa]|derni[e]re?)\b", "the last"),
    *((rf"\b(\d{{1,2}})\.? (?:de )?(?:{words})\b", rf"\1 {month}") for month, words in _MONTHS.items()),
)  # fmt: skip
_SWAPS = tuple((re.compile(pattern), by) for pattern, by in _TIMES)
_HALF = re.compile(r"halb-(\d{1,2})")
_HALF_DAY = re.compile(r"\b(\d{1,2})(:\d{2})?(?: h)? (morning|afternoon|evening)\b")


def time_in_english(text: str) -> str:
    """A typed time with its German, Spanish and French words in English, for what reads English. English stays as it is."""
    said = bare(text)
    for pattern, by in _SWAPS:
        said = pattern.sub(by, said)
    said = _HALF.sub(lambda found: f"{(int(found[1]) - 1) % 24}:30", said)
    # "a las 3 de la tarde" is said of one hour: which half of the day is meant.
    return _HALF_DAY.sub(lambda found: f"{found[1]}{found[2] or ''} {'am' if found[3] == 'morning' else 'pm'}", said)


# ---- ratings --------------------------------------------------------------------------------------------------------

_NUMBERS = {
    1: "eins?|eine|uno|una|un|une", 2: "zwei|dos|deux", 3: "drei|tres|trois", 4: "vier|cuatro|quatre", 5: "funf|fuenf|cinco|cinq",
}  # fmt: skip
_GRADES = {
    5: "sehr gut|super|toll|prima|klasse|spitze|ausgezeichnet|perfekt|hervorragend|wunderbar"
    "|muy bien|excelente|genial|perfecto|estupendo|fenomenal|tres bien|excellent|parfait|genial|formidable|super",
    4: "gut|bien|bon|bueno",
    3: "geht so|mittel|ganz ok|naja|na ja|in ordnung|regular|normal|mas o menos|asi asi|moyen|bof|ca va|correct",
    2: "nicht so gut|eher schlecht|nicht gut|no muy bien|flojo|pas terrible|pas tres bien|mauvais service|mediocre|maessig|massig",
    1: "schlecht|sehr schlecht|furchtbar|schrecklich|mies|mal|muy mal|fatal|horrible|pesimo|mauvais|tres mauvais|nul",
}
_STARS = r"(?: ?(?:/|von|de|sur) ?(?:5|funf|fuenf|cinco|cinq)| ?(?:sterne?n?|estrellas?|etoiles?|punkte?|puntos?|points?))?"
_LED = r"(?:(?:das war|es war|war|fue|estuvo|c'etait|eine?|un|una|une|ein) )?"


def rating_of(text: str) -> int | None:
    """The rating from 1 to 5 that words in German, Spanish or French mean; None for anything else."""
    said = " ".join(re.sub(r"[^\w'/ ]", " ", bare(text).replace("\u2019", "'")).split())
    for number, words in _NUMBERS.items():
        if re.fullmatch(f"{_LED}(?:{number}|{words}){_STARS}", said):
            return number
    return next((number for number, words in _GRADES.items() if re.fullmatch(f"{_LED}(?:{words})", said)), None)
