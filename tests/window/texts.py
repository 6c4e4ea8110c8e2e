"""What the window says, read from its catalogue: a text may be reworded freely."""

import re
from pathlib import Path

CATALOGUE = Path(__file__).resolve().parents[2] / "assets/text/en.ftl"


def _read():
    texts, key = {}, None
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        begins = re.match(r"([a-z0-9-]+) =\s*(.*)", line)
        if begins:
            key = begins[1]
            texts[key] = [begins[2]] if begins[2] else []
        elif key and (form := re.match(r"\s+\*?\[\w+\]\s*(.*)", line)):
            texts[key].append(form[1])
        elif not line.startswith(" "):
            key = None
    return texts


_TEXTS = _read()


def text(key):
    """The text of `key`, which takes no values."""
    (only,) = _TEXTS[key]
    return only


def pattern(key, **values):
    """A pattern of the text of `key`, in all its plural forms, with `values` or any others."""
    forms = []
    for form in _TEXTS[key]:
        parts = re.split(r"\{ \$(\w+) \}", form)
        for place, part in enumerate(parts):
            if place % 2 == 0:
                parts[place] = re.escape(part)
            else:
                parts[place] = re.escape(str(values[part])) if part in values else ".*"
        forms.append("".join(parts))
    return "(?:" + "|".join(forms) + ")"
