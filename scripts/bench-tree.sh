#!/bin/sh
# Our decision tree against smartcore's and scikit-learn's, in one run; arguments go to bench-tree.py (--rows N, ...).
# A million rows take about 3 minutes, most of it smartcore's, and 4 GB; `--rows 50000` takes seconds.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}

cargo build --quiet --release --package common --no-default-features --example tree_bench

python=$(scripts/sklearn-python.sh "$target")
exec "$python" scripts/bench-tree.py --target "$target" "$@"
