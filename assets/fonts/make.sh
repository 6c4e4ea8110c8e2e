#!/bin/sh
# Makes Inter.ttf and JetBrainsMono.ttf again, from the npm package of Inter and the Debian
# package of JetBrains Mono. Needs npm, apt-get, dpkg-deb and python3 with venv.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv python
python/bin/pip install --quiet fonttools==4.68.0 brotli
npm pack --silent inter-ui@4.1.1
tar -xzf inter-ui-*.tgz
apt-get download fonts-jetbrains-mono
dpkg-deb -x fonts-jetbrains-mono_*.deb .

# The same bytes on every day.
export SOURCE_DATE_EPOCH=0
python/bin/python "$here/make.py" \
    package/variable/InterVariable.woff2 \
    usr/share/fonts/truetype/jetbrains-mono/JetBrainsMono-Regular.ttf \
    "$here"
ls -l "$here"/*.ttf
