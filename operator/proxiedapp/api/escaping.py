"""Text of others that is written to a terminal or a log."""


def escaped(text: str, kept: str = "") -> str:
    """Return a text with escapes for all characters that cannot be printed, except those in `kept`.

    Such characters could control a terminal, change the direction of the text, or look like another line.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in kept else each.encode("unicode_escape").decode() for each in text
    )
