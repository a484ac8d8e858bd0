#!/usr/bin/env bash
# Makes a disk image of "CNN Studio.app" that build.py wrote: packaging/macos/make_dmg.sh [DIST]
# NOT RUN YET: written beside the Linux build, to be tried on a Mac before anything is published.
#
# With a developer's certificate in SIGN_IDENTITY the program is signed and can be notarised; without one, people
# open it the first time with a right click and Open.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
dist="${1:-$here/../../dist}"
app="$dist/CNN Studio.app"
[[ -d "$app" ]] || { echo "There is no $app. Build it first: python packaging/build.py" >&2; exit 1; }
version="$(/usr/libexec/PlistBuddy -c 'Print CFBundleShortVersionString' "$app/Contents/Info.plist")"

if [[ -n "${SIGN_IDENTITY:-}" ]]; then
  # torch compiles nothing here, but Python loads libraries that were signed by others
  codesign --force --deep --timestamp --options runtime --entitlements "$here/entitlements.plist" \
    --sign "$SIGN_IDENTITY" "$app"
else
  codesign --force --deep --sign - "$app" # machines with Apple's own chips start nothing that is not signed at all
fi
codesign --verify --deep --strict "$app"

stage="$(mktemp -d)"
trap 'rm -rf "$stage"' EXIT
cp -R "$app" "$stage/"
ln -s /Applications "$stage/Applications"
image="$dist/cnn-studio-$version-macos-$(uname -m).dmg"
hdiutil create -volname "CNN Studio" -srcfolder "$stage" -ov -format ULFO "$image"
echo "$image"
