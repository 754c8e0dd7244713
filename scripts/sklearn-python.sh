#!/bin/sh
# Prints a python that has the scikit-learn that the benches compare with: python3, or a venv under the given target
# folder, made when missing.
set -eu
target=$1

has_sklearn() { "$1" -c 'import sklearn, sys; sys.exit(sklearn.__version__ != "1.9.1")' 2>/dev/null; }
python=python3
if ! has_sklearn "$python"; then
    python=$target/sklearn-venv/bin/python
    if ! has_sklearn "$python"; then
        python3 -m venv "$target/sklearn-venv" >&2
        "$python" -m pip install --quiet scikit-learn==1.9.1 >&2
    fi
fi
echo "$python"
