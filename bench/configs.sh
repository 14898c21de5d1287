#!/bin/sh
# Writes the configs that the figures of BENCHMARKS.md are made with.
# usage: bench/configs.sh DIR
set -eu
dir=${1:?usage: bench/configs.sh DIR}
mkdir -p "$dir"

# many COUNT CMD-JSON EXTRA-FORMAT: services s00000 …, EXTRA may use the number of the one before.
many() {
  awk -v count="$1" -v cmd="$2" -v chain="$3" 'BEGIN {
    printf "{ \"services\": {\n"
    for (i = 0; i < count; i++) {
      deps = (chain == "chain" && i > 0) ? sprintf(", \"dependsOn\": [\"s%05d\"]", i - 1) : ""
      printf "  \"s%05d\": { \"cmd\": %s%s }%s\n", i, cmd, deps, (i < count - 1) ? "," : ""
    }
    printf "} }\n"
  }'
}

sleeper='["sleep", "1000"]'
many 50 "$sleeper" flat > "$dir/fifty.jsonc"
many 1000 "$sleeper" chain > "$dir/thousand.jsonc"
many 10000 "$sleeper" chain > "$dir/chain.jsonc"
# About 1 MB.
many 9500 '["sh", "-c", "exec some-server --port 1234 --a-long-option-to-make-it-longer and more"]' flat > "$dir/megabyte.jsonc"

count='{ "kind": "oneshot", "cmd": ["seq", "1", "1000000"] }'
printf '{ "services": { "a": %s, "b": %s } }\n' "$count" "$count" > "$dir/flood.jsonc"
printf '{ "logs": { "dir": "logs" }, "services": { "a": %s, "b": %s } }\n' "$count" "$count" > "$dir/flood-files.jsonc"
