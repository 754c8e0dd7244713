#!/bin/sh
# Our decision tree against smartcore's and scikit-learn's, in one run; arguments go to bench-tree.py (--rows N, ...).
# A million rows take about 3 minutes, most of it smartcore's, and 4 GB; `--rows 50000` takes seconds.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}

cargo build --quiet --release --package common --no-default-features --example tree_bench

has_sklearn() { "$1" -c 'import sklearn, sys; sys.exit(sklearn.__version__ != "1.9.1")' 2>/dev/null; }
python=python3
if ! has_sklearn "$python"; then
    python=$target/bench-tree-venv/bin/python
    if ! has_sklearn "$python"; then
        python3 -m venv "$target/bench-tree-venv"
        "$python" -m pip install --quiet scikit-learn==1.9.1
    fi
fi
exec "$python" scripts/bench-tree.py --target "$target" "$@"
