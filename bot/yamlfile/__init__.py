"""YAML files read with their positions, so every complaint names the file, the line and the field."""

from bot.yamlfile.document import Document
from bot.yamlfile.durations import Duration, parse_duration
from bot.yamlfile.errors import YamlFileError
from bot.yamlfile.places import Loc
from bot.yamlfile.reading import load_document, load_validated

__all__ = ["Document", "Duration", "Loc", "YamlFileError", "load_document", "load_validated", "parse_duration"]
