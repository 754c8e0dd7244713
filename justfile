# What people do here; `just` lists it.

# List the recipes.
default:
    @just --list --unsorted

# Build both programs.
build:
    cargo build --release --locked -p collector -p watcher

# Format the code; `just fmt --check` only looks.
fmt *args:
    cargo fmt --all {{ args }}

# Every lint is an error.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Unit, property and whole-program tests, and the examples in the documentation.
test:
    cargo test --workspace --locked

# Licences, duplicate crates, sources.
deny:
    cargo deny check --deny warnings bans licenses sources

# The core compiles without anything that touches the outside world.
pure:
    cargo check -p common --no-default-features --locked

# Check the scripts.
shell:
    shellcheck scripts/*.sh .ci/run

# Train on one recorded day, recognise the pods of another.
demo:
    scripts/demo.sh

# Our tree against smartcore's and scikit-learn's; `--rows 50000` takes seconds.
bench-tree *args:
    scripts/bench-tree.sh {{ args }}

# `collector evaluate` against scikit-learn's tree on the same folds.
bench-evaluate *args:
    scripts/bench-evaluate.sh {{ args }}

# Replay speed (recorded pod-minutes per second) and peak memory of the watcher.
bench-replay: build
    scripts/bench-replay.sh

# A million damaged models give an error or the same answers.
fuzz models="1000000":
    PODPRINT_FUZZ_MODELS={{ models }} cargo test --release --locked -p common --no-default-features --test damaged_models -- --nocapture
