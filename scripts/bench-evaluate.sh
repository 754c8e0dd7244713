#!/bin/sh
# `collector evaluate` against scikit-learn's tree on the same folds of public data sets; arguments go to
# bench-evaluate.py (--seed N, ...). Takes about three minutes of CPU after the build.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}

cargo build --quiet --release --package collector
python=$(scripts/sklearn-python.sh "$target")
exec "$python" scripts/bench-evaluate.py --target "$target" "$@"
