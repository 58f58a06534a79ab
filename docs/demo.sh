#!/bin/sh
# The main job, start to end, on this machine alone: `make demo`. Keys and archive go to demo-out/, not to your own.
set -eu
cd "$(dirname "$0")/.."

out=demo-out
rm -rf "$out"
mkdir -p "$out"
export ARCHIVER_CONFIG_DIR="$PWD/$out/config" ARCHIVER_STATE_DIR="$PWD/$out/state"
unset ARCHIVER_ARCHIVE ARCHIVER_PASSPHRASE ARCHIVER_PASSPHRASE_FILE ARCHIVER_PROXY ALL_PROXY HTTPS_PROXY all_proxy https_proxy 2>/dev/null || true

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { printf '\033[36m$ archiver %s\033[0m\n' "$*"; archiver "$@"; }
# A command that must end with a given exit code.
must() {
  wanted=$1
  shift
  set +e
  run "$@"
  code=$?
  set -e
  printf '(exit code %s)\n' "$code"
  [ "$code" = "$wanted" ] || { echo "the demo expected exit code $wanted" >&2; exit 1; }
}

python tests/newsroom.py --port 0 >"$out/site.txt" </dev/zero &
site=$!
trap 'kill "$site" 2>/dev/null || true' EXIT INT TERM
tries=0
while [ ! -s "$out/site.txt" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo "the sample site did not start" >&2; exit 1; }
  sleep 0.1
done
url=$(head -n 1 "$out/site.txt")
url=${url%/}

say "Make an archive and its keys (unencrypted, for this demo only)"
run init "$out/archive" --no-passphrase
cd "$out/archive"

say "Capture articles of a fictional newsroom, over real HTTP"
run capture --allow-private --delay 0 --case "harbour" \
  "$url/wire/harbour-crane" "$url/local/reservoir" "$url/de/bruecke" "$url/moved" "$url/ja/ferry"

say "Pages that are no articles are sealed, and called what they are"
must 1 capture --allow-private --delay 0 "$url/check/challenge" "$url/old/hard"

say "What was captured"
run log

say "What was found in one page"
run show "$url/wire/harbour-crane"

say "Verify everything, offline"
run verify

say "Hand the evidence over: one zip that anybody can check"
run export "$url/wire/harbour-crane" -o ../harbour.zip
cd ..
must 0 verify harbour.zip --depth objects

say "The same, without archiver: ssh-keygen and sha256sum"
mkdir -p unpacked
python -m zipfile -e harbour.zip unpacked
bag=$(find unpacked -name bagit.txt -exec dirname {} \;)
(cd "$bag" && sha256sum --quiet -c tagmanifest-sha256.txt && sha256sum --quiet -c manifest-sha256.txt && echo "sha256sum: all files are as listed")
(cd "$bag" && ssh-keygen -Y verify -f data/trust/allowed_signers -I archiver -n archiver-bundle-v1 \
  -s tagmanifest-sha256.txt.sig <tagmanifest-sha256.txt)

say "Somebody alters one word in a copy of the archive"
cp -R archive tampered
python - <<'PYTHON'
import pathlib
for path in sorted(pathlib.Path("tampered/objects").rglob("*")):
    if path.is_file() and b"nobody can say that it was hidden" in path.read_bytes():
        path.chmod(0o644)
        path.write_bytes(path.read_bytes().replace(b"nobody can say", b"anyone may say"))
        print("altered:", path)
        break
PYTHON
must 1 verify tampered

say "Done. It is all in $out/: look at $out/unpacked/*/report.html in a browser."
