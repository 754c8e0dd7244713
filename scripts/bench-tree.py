"""Our decision tree, smartcore's and scikit-learn's on one table: time, memory, accuracy. Run by bench-tree.sh.

Writes make_classification's table (15 features, 8 informative, 5 classes, 3 % label noise, fixed seed) to a folder,
then fits each engine in a process of its own, one after another, and prints one table.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

FEATURES, CLASSES, SEED = 15, 5, 7


def generate(folder, rows, test_rows):
    """Columns of f32, training rows first; scikit-learn's tree works on f32, so all engines see the same numbers."""
    import numpy
    from sklearn.datasets import make_classification

    values, classes = make_classification(
        n_samples=rows + test_rows,
        n_features=FEATURES,
        n_informative=8,
        n_redundant=3,
        n_classes=CLASSES,
        flip_y=0.03,
        random_state=SEED,
    )
    folder.mkdir(parents=True, exist_ok=True)
    numpy.asfortranarray(values, dtype="<f4").T.tofile(folder / "values.f32")
    classes.astype("<u2").tofile(folder / "class.u16")


def fit_sklearn(folder, rows, test_rows, depth):
    import numpy
    from sklearn.tree import DecisionTreeClassifier

    values = numpy.fromfile(folder / "values.f32", dtype="<f4").reshape(FEATURES, rows + test_rows).T
    classes = numpy.fromfile(folder / "class.u16", dtype="<u2")
    # Row-major is what scikit-learn is used with; column-major took the same time here.
    train, test = numpy.ascontiguousarray(values[:rows]), numpy.ascontiguousarray(values[rows:])
    del values
    tree = DecisionTreeClassifier(max_depth=depth, random_state=SEED)
    wall, cpu = time.perf_counter(), time.process_time()
    tree.fit(train, classes[:rows])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    status = pathlib.Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024 / 1e6
    accuracy = float((tree.predict(test) == classes[rows:]).mean())
    nodes = int(tree.tree_.node_count)
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": peak, "accuracy": accuracy, "nodes": nodes}))


def run(command):
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--test-rows", type=int, default=20_000)
    parser.add_argument("--depth", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3, help="fits of ours; the median counts")
    parser.add_argument("--skip", nargs="*", default=[], choices=["smartcore", "scikit-learn"])
    parser.add_argument("--target", type=pathlib.Path, default=pathlib.Path("target"))
    parser.add_argument("--fit-sklearn", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()

    folder = options.target / f"bench-tree-{options.rows}-{options.test_rows}"
    if options.fit_sklearn:
        fit_sklearn(folder, options.rows, options.test_rows, options.depth)
        return
    if not (folder / "class.u16").exists():
        generate(folder, options.rows, options.test_rows)

    example = options.target / "release" / "examples" / "tree_bench"
    shape = [str(n) for n in (options.rows, options.test_rows, FEATURES, CLASSES, options.depth)]
    results = {}
    ours = [run([example, "ours", folder, *shape]) for _ in range(options.repeat)]
    results["podprint"] = sorted(ours, key=lambda result: result["wall"])[len(ours) // 2]
    results["podprint"]["peak_mb"] = max(result["peak_mb"] for result in ours)
    if "scikit-learn" not in options.skip:
        results["scikit-learn"] = run([sys.executable, __file__, "--fit-sklearn", *sys.argv[1:]])
    if "smartcore" not in options.skip:
        results["smartcore"] = run([example, "smartcore", folder, *shape])

    print(f"{options.rows} rows x {FEATURES} features, {CLASSES} classes, depth {options.depth}, ", end="")
    print(f"{options.test_rows} test rows, {os.cpu_count()} cores; podprint: median of {options.repeat}")
    print(f"{'engine':<14}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'accuracy':>10}{'nodes':>7}", end="")
    print(f"{'wall ratio':>12}{'CPU ratio':>11}{'memory ratio':>14}")
    base = results["podprint"]
    for name, result in results.items():
        ratios = [result[key] / base[key] for key in ("wall", "cpu", "peak_mb")]
        print(f"{name:<14}{result['wall']:>9.3f}{result['cpu']:>9.3f}{result['peak_mb']:>9.0f}", end="")
        print(f"{result['accuracy']:>10.4f}{result['nodes']:>7}", end="")
        print(f"{ratios[0]:>12.1f}{ratios[1]:>11.1f}{ratios[2]:>14.1f}")
    print(f"of podprint's wall time, binning took {base['bin']:.3f} s")


if __name__ == "__main__":
    main()
