"""Cuts the two fonts down to what the window shows: make.py INTER JETBRAINS_MONO FOLDER"""

import io
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import AxisTriple, instantiateVariableFont

LATIN = [(0x20, 0x7E), (0xA0, 0x24F), (0x1E9E, 0x1E9E)]
TEXT = [
    *LATIN,
    (0x259, 0x259),
    (0x2B0, 0x2FF),  # modifier letters
    (0x300, 0x36F),  # combining marks
    (0x370, 0x3FF),  # Greek
    (0x400, 0x52F),  # Cyrillic
    (0x1E80, 0x1E85),
]
SIGNS = [
    (0x2000, 0x206F),  # punctuation
    (0x2070, 0x209F),  # superscripts and subscripts
    (0x20A0, 0x20CF),  # currencies
    (0x2100, 0x214F),  # № ™ and the like
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematics
    (0x2300, 0x23FF),  # technical: ⌄ ⌘ ⏎
    (0x25A0, 0x27BF),  # shapes, ⚠, ✓
    (0xFB01, 0xFB02),
    (0xFFFD, 0xFFFD),
]
# Signs that Inter has not, shown by one that it has.
ALIASES = {0x2714: 0x2713, 0x2715: 0x2717, 0x2716: 0x2717}


def code_points(ranges):
    return {point for first, last in ranges for point in range(first, last + 1)}


def tabular_digits(font):
    """Makes every digit as wide as the others: numbers in a column stand below each other, and
    a number that changes does not move what follows. Punctuation stays as it is, since that is
    for running text."""
    substitutes = {}
    gsub = font["GSUB"].table
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for table in gsub.LookupList.Lookup[index].SubTable:
                    substitutes.update(getattr(table, "ExtSubTable", table).mapping)
    proportional = font.getBestCmap()
    tabular = {digit: substitutes[proportional[digit]] for digit in b"0123456789"}
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format != 14:
            table.cmap.update(tabular)


def alias(font):
    glyphs = font.getBestCmap()
    missing = {point: glyphs[like] for point, like in ALIASES.items() if point not in glyphs}
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format != 14:
            table.cmap.update(missing)


def cut(font, ranges, features):
    options = Options()
    # No contextual alternates (calt): they would show `->` and `0x10` of a host name or a
    # connection string as something else than what was typed.
    options.layout_features = features
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    options.hinting = False
    options.glyph_names = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=code_points(ranges))
    subsetter.subset(font)


def reread(font):
    """The instancer leaves the table of variations without the glyphs that have none, and the
    subsetter wants all."""
    font.flavor = None
    whole = io.BytesIO()
    font.save(whole)
    return TTFont(whole)


def main(inter, mono, folder):
    font = TTFont(inter)
    weights = AxisTriple(400, 400, 700)
    font = reread(instantiateVariableFont(font, {"opsz": 14, "wght": weights}))
    tabular_digits(font)
    alias(font)
    cut(font, TEXT + SIGNS, ["ccmp", "locl", "kern", "mark", "mkmk"])
    font.save(folder / "Inter.ttf")

    font = TTFont(mono)
    cut(font, LATIN + SIGNS, ["ccmp", "locl", "mark", "mkmk"])
    font.save(folder / "JetBrainsMono.ttf")


main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
