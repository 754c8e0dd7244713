#!/usr/bin/env bash
# The main job, end to end, without a cluster or a database: train on one day of a real cluster, recognise the pods of
# another. Everything that it writes is in demo-output/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=demo-output
classes=nginx,httpd,redis,memcached,postgres,mysql,rabbitmq
bin=${CARGO_TARGET_DIR:-target}/release

say() { printf '\n=== %s\n' "$*"; }

if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust with rustup (https://rustup.rs), then run this again" >&2
    exit 1
fi

say "1/3 Building the collector and the watcher (the first time takes a few minutes)"
cargo build --release --locked -p collector -p watcher

rm -rf "$out"
mkdir -p "$out"

say "2/3 The collector trains on recordings/train and reports; the model, as base64, comes last"
# Five repeats: one shuffle of 153 pods into two halves is luck by a few points.
env data.aggregator.decision.tree.classifier.list="$classes" training.iterations=5 \
    "$bin/collector" --once --recording recordings/train \
    --output "$out/model.bin" --report "$out/report.json" --plots "$out/plots"

say "3/3 The watcher follows the pods of another day, which the model has not seen, as fast as it can"
env data.aggregator.decision.tree.classifier.list="$classes" "$bin/watcher" --recording recordings/another-day \
    --model "$out/model.bin" --verdicts "$out/verdicts.jsonl"

say "Done. In $out/: model.bin, report.json, plots/ (learning curve, confusion matrix), verdicts.jsonl"
