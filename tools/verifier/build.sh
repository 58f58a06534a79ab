#!/bin/sh
# Makes archiver/bundle/report/verifier/vendor/noble.js again, from the packages that package.json pins; needs npm.
# Same packages, same bytes: `git diff --exit-code archiver/bundle/report/verifier/vendor` must stay quiet.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
vendor=$here/../../archiver/bundle/report/verifier/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/vendor.js" "$work"
cd "$work"
npm install --no-audit --no-fund --no-package-lock --ignore-scripts --silent
node_modules/.bin/esbuild vendor.js --bundle --minify --format=iife --global-name=noble --target=es2022 \
  --charset=ascii --legal-comments=none --log-level=warning --outfile=noble.js
{
  echo '/*'
  echo 'Made by tools/verifier/build.sh from'
  for name in ed25519 hashes curves post-quantum; do
    sed -n "s/^  \"version\": \"\(.*\)\",/@noble\/$name \1: /p" "node_modules/@noble/$name/package.json" | tr -d '\n'
    grep '^Copyright' "node_modules/@noble/$name/LICENSE"
  done
  sed '/^Copyright/d' node_modules/@noble/ed25519/LICENSE
  echo '*/'
  cat noble.js
} > "$vendor/noble.js"
