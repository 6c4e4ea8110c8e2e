#!/usr/bin/env python3
"""A browser in which a person picks an account at once, for $BROWSER."""

import sys
import urllib.request

ACCOUNT = "you%40contoso.com"

page = sys.argv[1]
with urllib.request.urlopen(f"{page}&account={ACCOUNT}", timeout=30) as answer:
    answer.read()
