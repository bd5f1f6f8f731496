"""Sentences for a person: the parts of a failure on one line, and numbers with their nouns."""

import re

PLAIN_WORD = re.compile(r"[a-z]+'?[a-z]*(?=[\s,;]|$)")
"""A first word that may be written large: neither a file's name nor a field's."""


def in_sentences(*parts: str) -> str:
    """Return the parts that are not empty as sentences of one line: each begins large and ends with a full stop."""
    told = [" ".join(part.split()) for part in parts]
    return " ".join(_sentence(part) for part in told if part)


def counted(number: int, one: str, more: str) -> str:
    """Return a number with its noun: ``1 study``, ``3 studies``."""
    return f"{number} {one if number == 1 else more}"


def _sentence(text: str) -> str:
    begun = text[0].upper() + text[1:] if PLAIN_WORD.match(text) else text
    return begun if begun[-1] in ".!?" else f"{begun}."
