#!/bin/sh
# Makes the PNGs and icon.ico again from the drawings. Needs rsvg-convert (librsvg2-bin) and
# convert (imagemagick).
set -eu
cd "$(dirname "$0")"

for size in 16 24 32; do
    rsvg-convert --width "$size" icon-small.svg --output "icon-$size.png"
done
for size in 48 64 128 256 512; do
    rsvg-convert --width "$size" icon.svg --output "icon-$size.png"
done
convert icon-16.png icon-24.png icon-32.png icon-48.png icon-64.png icon-128.png icon-256.png icon.ico
