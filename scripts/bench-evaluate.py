"""`collector evaluate` against scikit-learn's tree on the same folds of the same tables. Run by bench-evaluate.sh.

Tables: scikit-learn's bundled public data sets, each row a group, and a made one with groups of rows that are alike.
The folds are read from the collector's JSON report. A verdict is the class with the highest mean probability over a
group's first 6 rows, as in the report; only held-out verdicts count. scikit-learn weighs rows so that each group weighs
1, as podprint does; "default" is scikit-learn's tree without limits or weights.
"""

import argparse
import csv
import json
import pathlib
import subprocess

import numpy
from sklearn import datasets
from sklearn.tree import DecisionTreeClassifier

# collector/src/train.rs, TREE; common/src/evaluation.rs, CONFUSION_AFTER
MAX_DEPTH, MIN_LEAF, VERDICT_ROWS = 12, 0.5, 6
RUN = ["--training.ratio", "0.9", "--training.iterations", "3"]


def made(groups=160, classes=4, features=8, seed=7):
    """Rows of a group lie close together, groups of a class far apart: split by rows, a tree knows the group."""
    random = numpy.random.default_rng(seed)
    centres = random.normal(0, 1.0, (classes, features))
    values, names, group_names = [], [], []
    for group in range(groups):
        kind = group % classes
        own = centres[kind] + random.normal(0, 1.0, features)
        for _ in range(random.integers(5, 13)):
            values.append(own + random.normal(0, 0.1, features))
            names.append(f"type-{kind}")
            group_names.append(f"pod-{group:03}")
    return numpy.array(values), names, group_names


def tables():
    """Name, values, class of each row, group of each row or None."""
    for name, load in [
        ("iris", datasets.load_iris),
        ("wine", datasets.load_wine),
        ("breast_cancer", datasets.load_breast_cancer),
        ("digits", datasets.load_digits),
    ]:
        data = load()
        yield name, data.data, [str(data.target_names[target]) for target in data.target], None
    values, classes, groups = made()
    yield "made", values, classes, groups
    yield "made, by rows", values, classes, None


def write_csv(path, values, classes, groups):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        names = [f"f{at}" for at in range(values.shape[1])]
        writer.writerow([*names, *(["group"] if groups else []), "class"])
        for at, row in enumerate(values):
            writer.writerow([*map(repr, map(float, row)), *([groups[at]] if groups else []), classes[at]])


def write_arff(path, values, classes, groups):
    lines = ["@relation bench", *(f"@attribute f{at} numeric" for at in range(values.shape[1]))]
    lines += ["@attribute group string"] if groups else []
    lines += [f"@attribute class {{{','.join(sorted(set(classes)))}}}", "@data"]
    for at, row in enumerate(values):
        lines.append(",".join([*map(repr, map(float, row)), *([groups[at]] if groups else []), classes[at]]))
    path.write_text("\n".join(lines) + "\n")


def evaluate(collector, table, grouped, seed, *flags):
    report = table.with_suffix(table.suffix + ".json")
    command = [collector, "evaluate", "--table", table, "--class", "class", "--seed", str(seed), "--report", report]
    command += [*(["--group", "group"] if grouped else []), *RUN, *flags]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return json.loads(report.read_text())


def verdicts(report):
    """Right or wrong by (repeat, round, group)."""
    folds = report["evaluation"]["folds"]
    return {
        (fold["repeat"], fold["round"], held["group"]): held["predicted"] == held["class"]
        for fold in folds
        for held in fold["held_out"]
        if held["predicted"] is not None
    }


def sklearn_verdicts(report, values, classes, groups, limited, random_state):
    rows_of = {}
    for row, group in enumerate(groups or (f"row {row}" for row in range(1, len(classes) + 1))):
        rows_of.setdefault(group, []).append(row)
    classes = numpy.array(classes)
    found = {}
    for fold in report["evaluation"]["folds"]:
        held_out = [held["group"] for held in fold["held_out"]]
        training = [group for group in rows_of if group not in set(held_out)]
        rows = [row for group in training for row in rows_of[group]]
        weights = [1 / len(rows_of[group]) for group in training for _ in rows_of[group]]
        if limited:
            # A fraction of all weight, which is one a group: leaves of half a group or more.
            fraction = MIN_LEAF / len(training) * (1 - 1e-6)
            tree = DecisionTreeClassifier(
                max_depth=MAX_DEPTH, min_weight_fraction_leaf=fraction, random_state=random_state
            )
            tree.fit(values[rows], classes[rows], sample_weight=weights)
        else:
            tree = DecisionTreeClassifier(random_state=random_state).fit(values[rows], classes[rows])
        for group in held_out:
            shares = tree.predict_proba(values[rows_of[group][:VERDICT_ROWS]]).mean(axis=0)
            said = tree.classes_[shares.argmax()]
            found[fold["repeat"], fold["round"], group] = bool(said == classes[rows_of[group][0]])
    return found


def accuracy(found):
    return sum(found.values()) / len(found)


def gap(ours, theirs):
    """Ours minus theirs with its standard error, paired by group: tests of one group are not independent."""
    by_group = {}
    for key, right in ours.items():
        by_group.setdefault(key[2], []).append(right - theirs[key])
    means = [numpy.mean(differences) for differences in by_group.values()]
    return numpy.mean(means), numpy.std(means, ddof=1) / len(means) ** 0.5


def figures_only(report):
    """The report without its source and time."""
    return {key: value for key, value in report.items() if key not in ("source", "time")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1, help="of the folds")
    parser.add_argument("--states", type=int, default=10, help="random states of scikit-learn's range")
    parser.add_argument("--target", type=pathlib.Path, default=pathlib.Path("target"))
    options = parser.parse_args()
    collector = options.target / "release" / "collector"
    folder = options.target / "bench-evaluate"
    folder.mkdir(parents=True, exist_ok=True)

    print(f"accuracy of held-out verdicts, 10 folds x 3 repeats (seed {options.seed}); scikit-learn on the same folds,")
    print(f"random_state 0; range: of {options.states} random states; gap: podprint - same depth, +- standard error")
    header = f"{'data set':<15}{'rows':>6}{'groups':>8}{'tests':>7}{'podprint':>10}{'smartcore':>11}"
    print(header + f"{'same depth':>12}{'range':>15}{'default':>9}{'gap':>18}")
    for name, values, classes, groups in tables():
        table = folder / f"{name.replace(', ', '-').replace(' ', '-')}.csv"
        write_csv(table, values, classes, groups)
        smartcore = verdicts(evaluate(collector, table, groups, options.seed, "--model.engine", "smartcore"))
        report = evaluate(collector, table, groups, options.seed)
        ours = verdicts(report)
        assert ours.keys() == smartcore.keys(), "the engines were tested on different folds"
        known = report["evaluation"]["confusion"]["accuracy"]
        assert abs(accuracy(ours) - known) < 1e-9, f"the report says {known}, its folds {accuracy(ours)}"
        limited = [
            sklearn_verdicts(report, values, classes, groups, True, state) for state in range(max(options.states, 1))
        ]
        assert ours.keys() == limited[0].keys(), "scikit-learn was tested on other groups"
        spread = [accuracy(found) for found in limited]
        default = accuracy(sklearn_verdicts(report, values, classes, groups, False, 0))
        difference, error = gap(ours, limited[0])
        print(f"{name:<15}{len(classes):>6}{report['groups']:>8}{len(ours):>7}{accuracy(ours):>10.4f}", end="")
        print(f"{accuracy(smartcore):>11.4f}{spread[0]:>12.4f}{f'{min(spread):.4f}-{max(spread):.4f}':>15}", end="")
        print(f"{default:>9.4f}{f'{difference:+.4f} +- {error:.4f}':>18}", flush=True)
        if name in ("iris", "made"):
            arff = table.with_suffix(".arff")
            write_arff(arff, values, classes, groups)
            same = figures_only(evaluate(collector, arff, groups, options.seed)) == figures_only(report)
            assert same, f"{arff.name} gives other figures than {table.name}"
            print(f"  {arff.name}: every figure of the report is the same as from {table.name}")


if __name__ == "__main__":
    main()
