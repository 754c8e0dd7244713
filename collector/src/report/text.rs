//! The report as text: tables in Markdown's form, so that what `kubectl logs` prints can be pasted anywhere.
//!
//! Names from outside are shortened and stripped of control characters; a figure that is absent is `-`.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::Report;

/// Longest name printed, in characters.
const NAME: usize = 48;
/// With more classes the matrix would be wider than any screen; its largest confusions are listed instead.
const MATRIX_CLASSES: usize = 30;
/// How many confusions, or features, are listed.
const LISTED: usize = 20;

/// The whole report.
pub(super) fn of(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut text, report)
        .and_then(|()| verdicts(&mut text, report))
        .and_then(|()| confusion(&mut text, report))
        .and_then(|()| learning_curve(&mut text, report))
        .and_then(|()| learned(&mut text, report));
    text
}

fn head(text: &mut String, report: &Report) -> std::fmt::Result {
    let about = &report.about;
    let pods = about.held_out.noun(report.groups);
    title(text, "Training data")?;
    writeln!(text, "source {}, {}, seed {}, engine {}", name(&about.source), about.time, about.seed, about.engine)?;
    let (samples, groups, features) = (report.samples, report.groups, report.features.len());
    let plural = if features == 1 { "" } else { "s" };
    writeln!(text, "{samples} samples of {groups} {pods}, {features} feature{plural}\n")?;
    let mut table = table(&["class", about.held_out.noun(2), "samples"], 1);
    for class in &report.classes {
        add(&mut table, &[name(&class.class)], &[class.groups.to_string(), class.samples.to_string()]);
    }
    writeln!(text, "{table}")?;
    let names: Vec<String> = report.features.iter().map(|feature| name(&feature.name)).collect();
    writeln!(text, "\nfeatures: {}", names.join(", "))?;
    for note in &about.notes {
        writeln!(text, "note: {}", clean(note))?;
    }
    Ok(())
}

fn verdicts(text: &mut String, report: &Report) -> std::fmt::Result {
    let evaluation = &report.evaluation;
    let noun = |count| report.about.held_out.noun(count);
    title(text, &format!("Evaluation: whole {} held out", noun(2)))?;
    writeln!(
        text,
        "{} of {} {} tested; {} tests in {} trainings, {} x {:.0} % for training\n",
        evaluation.groups_tested,
        evaluation.groups,
        noun(evaluation.groups),
        evaluation.tests,
        evaluation.splits,
        evaluation.repeats,
        evaluation.ratio * 100.0,
    )?;
    let mut table = table(&["after samples", "right", "of", "share", "confidence", noun(2)], 0);
    for after in &evaluation.after {
        let cells = [
            after.samples.to_string(),
            after.right.to_string(),
            after.tested.to_string(),
            figure(after.accuracy),
            figure(after.confidence),
            after.groups.to_string(),
        ];
        add(&mut table, &[], &cells);
    }
    writeln!(text, "{table}")?;
    let by_row = &evaluation.by_row;
    writeln!(
        text,
        "\nsingle samples right: {} (of {}, each {} weighing the same)",
        figure(by_row.accuracy),
        by_row.rows,
        noun(1)
    )
}

fn confusion(text: &mut String, report: &Report) -> std::fmt::Result {
    let (evaluation, confusion) = (&report.evaluation, &report.evaluation.confusion);
    let classes = confusion.classes.len();
    title(text, &format!("Confusion matrix after {} samples, or all there are", evaluation.confusion_after))?;
    if classes <= MATRIX_CLASSES {
        writeln!(text, "lines: what it was; columns: what was said, by the number of the class\n")?;
        let numbers: Vec<String> = (1..=classes).map(|class| class.to_string()).collect();
        let header: Vec<&str> = [""].into_iter().chain(numbers.iter().map(String::as_str)).collect();
        let mut table = table(&header, 1);
        for ((number, class), counts) in numbers.iter().zip(&confusion.classes).zip(&confusion.counts) {
            let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
            add(&mut table, &[format!("{number} {}", name(class))], &counts);
        }
        writeln!(text, "{table}\n")?;
    } else {
        let mut wrong: Vec<(u64, usize, usize)> = Vec::new();
        for (actual, counts) in confusion.counts.iter().enumerate() {
            let said = counts.iter().enumerate().filter(|(said, count)| *said != actual && **count > 0);
            wrong.extend(said.map(|(said, count)| (*count, actual, said)));
        }
        wrong.sort_by_key(|(count, actual, said)| (std::cmp::Reverse(*count), *actual, *said));
        writeln!(text, "{classes} classes; the {LISTED} most frequent confusions (the rest is in --report)\n")?;
        let mut table = table(&["it was", "said", "times"], 2);
        for (count, actual, said) in wrong.into_iter().take(LISTED) {
            add(&mut table, &[name(&confusion.classes[actual]), name(&confusion.classes[said])], &[count.to_string()]);
        }
        writeln!(text, "{table}\n")?;
    }
    let pods = report.about.held_out.noun(2);
    let mut table = table(&["class", "precision", "recall", "F1", "right", "of tests", pods], 1);
    for (class, size) in confusion.per_class.iter().zip(&report.classes) {
        let figures = [
            figure(class.precision),
            figure(class.recall),
            figure(class.f1),
            class.right.to_string(),
            class.tested.to_string(),
            size.groups.to_string(),
        ];
        add(&mut table, &[name(&class.class)], &figures);
    }
    writeln!(text, "{table}")?;
    writeln!(
        text,
        "\naccuracy {}, balanced accuracy {}, macro F1 {}; they rest on {} {}",
        figure(confusion.accuracy),
        figure(confusion.balanced_accuracy),
        figure(confusion.macro_f1),
        evaluation.groups_tested,
        report.about.held_out.noun(evaluation.groups_tested),
    )
}

/// As the first system printed it: a sentence a size, the same as plain columns for LaTeX, averages of every ten.
fn learning_curve(text: &mut String, report: &Report) -> std::fmt::Result {
    let curve = &report.learning_curve;
    title(text, "Learning curve: single samples right by number of training samples")?;
    if curve.points.is_empty() {
        return writeln!(text, "-");
    }
    for point in &curve.points {
        writeln!(text, "Instances : {} Accuracy {:.2}", point.samples, point.accuracy)?;
    }
    writeln!(text, "\nfor LaTeX")?;
    for point in &curve.points {
        writeln!(text, "{} {:.4}", point.samples, point.accuracy)?;
    }
    writeln!(text, "\naverages of every ten")?;
    for ten in &curve.averages {
        writeln!(text, "{}-{} {:.4}", ten.from, ten.to, ten.accuracy)?;
    }
    Ok(())
}

fn learned(text: &mut String, report: &Report) -> std::fmt::Result {
    title(text, "Feature importance")?;
    let mut table = table(&["feature", "share"], 1);
    for importance in report.importance.iter().take(LISTED) {
        add(&mut table, &[name(&importance.feature)], &[format!("{:.3}", importance.share)]);
    }
    writeln!(text, "{table}")?;
    if report.importance.len() > LISTED {
        writeln!(text, "\nand {} more (all are in --report)", report.importance.len() - LISTED)?;
    }
    title(text, "Tree")?;
    for line in report.tree.lines() {
        writeln!(text, "{}", clean(line))?;
    }
    if let Some(model) = &report.model {
        title(text, "Model")?;
        writeln!(text, "{} bytes, SHA-256 {}", model.bytes, model.fingerprint)?;
    }
    Ok(())
}

fn title(text: &mut String, title: &str) -> std::fmt::Result {
    let gap = if text.is_empty() { "" } else { "\n" };
    writeln!(text, "{gap}=== {title} ===")
}

/// An empty table; columns after the first `names` are numbers and stand to the right.
fn table(header: &[&str], names: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header.iter().map(Cell::new));
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn add(table: &mut Table, names: &[String], numbers: &[String]) {
    table.add_row(names.iter().chain(numbers));
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

/// `text` without control characters, on one line.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// A name from outside: clean, and short enough for a table.
fn name(text: &str) -> String {
    let clean = clean(text);
    if clean.chars().count() <= NAME {
        return clean;
    }
    clean.chars().take(NAME - 3).chain("...".chars()).collect()
}
