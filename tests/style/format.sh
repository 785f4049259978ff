#!/usr/bin/env bash
# Fails where clang-format would change something, or where the top level holds more than the agreed set.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard 'dataplane/*.[hc]pp' 'operator/*.[hc]pp' 'tests/*.[hc]pp' |
  xargs -r clang-format-14 --dry-run --Werror
allowed='CMakeLists.txt CMakePresets.json README.md operator dataplane crds manifests migrations tests e2e'
strange=$(git ls-files | cut -d/ -f1 | sort -u | grep -v '^\.' | grep -vxF "$(tr ' ' '\n' <<<"$allowed")" || true)
[ -z "$strange" ] || { echo "not in the agreed top level: $strange"; exit 1; }
echo "format and top level: as agreed"
