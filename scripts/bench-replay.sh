#!/usr/bin/env bash
# Replay speed and peak memory of the watcher on recordings/another-day, from its own last log line and the kernel's count.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

env data.aggregator.decision.tree.classifier.list=nginx,httpd,redis,memcached,postgres,mysql,rabbitmq \
    "$bin/collector" --once --recording recordings/train --output "$work/model" >/dev/null 2>&1

# Python reads the peak of its only child; ru_maxrss is in KiB.
python3 - "$work/log" "$bin/watcher" --recording recordings/another-day --model "$work/model" <<'PY'
import re
import resource
import subprocess
import sys

log, *command = sys.argv[1:]
with open(log, "w+", encoding="utf-8") as stderr:
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=stderr, check=False)
    stderr.seek(0)
    text = stderr.read()
if done.returncode != 0:
    sys.exit(text + f"the watcher ended with {done.returncode}")
last = text.splitlines()[-1]
figure = lambda name: re.search(rf'\b{name}="?([0-9.]+)', last)[1]
print(f"{figure('pod_minutes')} pod-minutes of {figure('pods')} pods in {figure('seconds')} s")
print(f"replay speed: {figure('pod_minutes_per_second')} pod-minutes/s, log included")
print(f"peak memory: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.1f} MiB")
PY
