//! Figures of a report as SVG files, for papers and pages. The one door to `kuva`.
//!
//! `kuva` escapes XML; what it would take for mathematics (`$`) or XML forbids (control characters) is dealt with
//! here. It ignores the colour of a text in the plot, so cells of the confusion matrix stay light enough for black.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::evaluation::{Confusion, LearningCurve};
use kuva::plot::{ColorMap, Heatmap, LinePlot};
use kuva::render::annotations::TextAnnotation;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use thiserror::Error;

use crate::report::Report;

/// Width of the learning curve in pixels; the height follows.
const CURVE_WIDTH: f64 = 720.0;
/// Side of the confusion matrix without its labels, in pixels, and the least side of a cell.
const MATRIX_SIDE: f64 = 420.0;
const CELL_SIDE: f64 = 26.0;
/// What kuva needs beside the matrix and its labels: colour bar and axis name; title and axis name.
const COLOUR_BAR: f64 = 150.0;
const TITLE: f64 = 100.0;
/// Width of a letter of an axis label in pixels.
const LETTER: f64 = 7.0;
/// Longest class name on an axis, in characters.
const LABEL: usize = 28;

/// Why a plot was not written.
#[derive(Debug, Error)]
#[error("the plot {path} cannot be written")]
pub struct PlotError {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

/// Writes `learning-curve.svg` and `confusion.svg` into `folder`, which is made if need be; gives the files written.
/// A plot without anything to show is not written.
pub fn write(folder: &Path, report: &Report) -> Result<Vec<PathBuf>, PlotError> {
    let refused = |path: &Path| {
        let path = path.to_owned();
        move |source| PlotError { path, source }
    };
    std::fs::create_dir_all(folder).map_err(refused(folder))?;
    let noun = report.about.held_out.noun(2);
    let plots = [
        ("learning-curve.svg", learning_curve(&report.learning_curve, noun)),
        ("confusion.svg", confusion(&report.evaluation.confusion, noun)),
    ];
    let mut written = Vec::new();
    for (name, svg) in plots {
        if let Some(svg) = svg {
            let path = folder.join(name);
            std::fs::write(&path, svg).map_err(refused(&path))?;
            written.push(path);
        }
    }
    Ok(written)
}

/// Accuracy over training samples: every size thin, the averages of ten thick. Nothing for an empty curve.
fn learning_curve(curve: &LearningCurve, noun: &str) -> Option<String> {
    let last = curve.points.last()?;
    let sizes = curve.points.iter().map(|point| (f64::from(point.samples), point.accuracy));
    let each = LinePlot::new().with_data(sizes).with_color("#9ecae1").with_stroke_width(1.2).with_legend("each size");
    let tens = curve.averages.iter().map(|ten| (f64::midpoint(f64::from(ten.from), f64::from(ten.to)), ten.accuracy));
    let average =
        LinePlot::new().with_data(tens).with_color("#08519c").with_stroke_width(2.5).with_legend("mean of ten");
    let plots = vec![Plot::Line(each), Plot::Line(average)];
    let layout = Layout::auto_from_plots(&plots)
        .with_title("Learning curve")
        .with_x_label("training samples")
        .with_y_label(format!("accuracy on held-out {noun}"))
        .with_x_axis_min(0.0)
        .with_x_axis_max(f64::from(last.samples.max(10)))
        .with_y_axis_min(0.0)
        .with_y_axis_max(1.0)
        .with_y_tick_format(TickFormat::Fixed(1))
        .with_width(CURVE_WIDTH)
        .with_height(CURVE_WIDTH * 0.6);
    Some(kuva::render_to_svg(plots, layout))
}

/// Counts in cells coloured by their share of the line. Nothing when nothing was tested.
fn confusion(confusion: &Confusion, noun: &str) -> Option<String> {
    confusion.accuracy?;
    let classes = confusion.classes.len();
    // The first class is at the top: kuva puts line 0 at the bottom.
    let lines: Vec<Vec<f64>> = confusion.counts.iter().rev().map(|counts| shares(counts)).collect();
    // White to a blue on which black can be read.
    let light_blue = |share: f64| {
        let mix = |end: f64| (255.0 + (end - 255.0) * share.clamp(0.0, 1.0)).round() as u8;
        format!("#{:02x}{:02x}{:02x}", mix(107.0), mix(174.0), mix(214.0))
    };
    let heat = Heatmap::new().with_data(lines).with_color_map(ColorMap::Custom(Arc::new(light_blue)));
    let plots = vec![Plot::Heatmap(heat)];
    let labels: Vec<String> = confusion.classes.iter().map(|class| label(class)).collect();
    let cell = (MATRIX_SIDE / classes as f64).max(CELL_SIDE);
    let side = cell * classes as f64;
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0) as f64 * LETTER;
    let font = (cell * 0.4).clamp(9.0, 16.0);
    let mut layout = Layout::auto_from_plots(&plots)
        .with_title(format!("What {noun} were, and what was said"))
        .with_x_label("said")
        .with_y_label("was (colour: share of the line)")
        .with_x_categories(labels.clone())
        .with_y_categories(labels.into_iter().rev().collect())
        .with_x_tick_rotate(-45.0)
        .with_title_size(16)
        .with_width(side + longest + COLOUR_BAR)
        .with_height(side + 0.8 * longest + TITLE);
    for (line, counts) in confusion.counts.iter().enumerate() {
        for (column, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            // kuva sets the baseline 6 pixels above the point given; capitals are some 0.7 of the font high.
            let down = (0.35 * font + 6.0) / cell;
            let at = TextAnnotation::new(count.to_string(), (column + 1) as f64, (classes - line) as f64 - down);
            layout = layout.with_annotation(at.with_font_size(font as u32));
        }
    }
    Some(kuva::render_to_svg(plots, layout))
}

/// Each count as a share of all; zeros for nothing.
fn shares(counts: &[u64]) -> Vec<f64> {
    let whole = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|count| *count as f64 / whole).collect()
}

/// A name as kuva is to print it: short, without what XML forbids, `$` taken for itself.
fn label(name: &str) -> String {
    let forbidden = |letter: char| letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}');
    let mut letters: Vec<char> = name.chars().map(|c| if forbidden(c) { '\u{fffd}' } else { c }).collect();
    if letters.len() > LABEL {
        letters.truncate(LABEL - 3);
        letters.extend(['.'; 3]);
    }
    letters.into_iter().collect::<String>().replace('$', "\\$")
}

#[cfg(test)]
mod tests {
    use common::evaluation::{CurveAverage, CurvePoint};

    use super::*;
    use crate::report::tests::{data, report};

    fn curve(sizes: u32) -> LearningCurve {
        // 1 - 1 / size, with a saw of 0.05
        let accuracy = |size: u32| (1.0 - 1.0 / f64::from(size) - f64::from(size % 3) * 0.025).max(0.0);
        let points: Vec<CurvePoint> =
            (1..=sizes).map(|samples| CurvePoint { samples, accuracy: accuracy(samples), splits: 2 }).collect();
        let mean = |ten: &[CurvePoint]| CurveAverage {
            from: ten[0].samples,
            to: ten[ten.len() - 1].samples,
            accuracy: ten.iter().map(|point| point.accuracy).sum::<f64>() / ten.len() as f64,
        };
        let averages = points.chunks(10).map(mean).collect();
        LearningCurve { points, averages }
    }

    fn matrix(names: &[&str]) -> Confusion {
        let count = |line: usize, column: usize| if line == column { 12 } else { (line * 7 + column * 5) as u64 % 4 };
        let counts = (0..names.len()).map(|line| (0..names.len()).map(|column| count(line, column)).collect());
        Confusion::new(names.iter().map(|&name| name.to_owned()).collect(), counts.collect())
    }

    #[test]
    fn plots_are_written_as_xml() {
        let names =
            ["nginx", "<b>&\"'", "a$x^2$b", "ctrl\u{1}", "postgres", "a name that is much too long for an axis"];
        for svg in
            [learning_curve(&curve(200), "pods"), confusion(&matrix(&names), "pods"), learning_curve(&curve(1), "rows")]
        {
            let svg = svg.unwrap();
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
            assert!(!svg.contains("NaN") && !svg.contains("<b>") && !svg.contains('\u{1}'));
        }
        let svg = confusion(&matrix(&names), "pods").unwrap();
        assert!(svg.contains("&lt;b&gt;&amp;&quot;&apos;") && svg.contains("a$x^2$b") && svg.contains(">12<"));
    }

    #[test]
    fn files_are_written_and_a_folder_that_cannot_be_made_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let report = report(&data());
        let written = write(&folder.path().join("new"), &report).unwrap();
        assert_eq!(written.len(), 2);
        assert!(written.iter().all(|file| std::fs::read_to_string(file).unwrap().starts_with("<svg")));
        let error = write(&written[0], &report).unwrap_err().to_string();
        assert!(error.contains("learning-curve.svg cannot be written"), "{error}");
    }

    #[test]
    fn nothing_to_show_gives_no_plot() {
        assert!(learning_curve(&LearningCurve::default(), "pods").is_none());
        assert!(confusion(&Confusion::new(vec!["a".to_owned()], vec![vec![0]]), "pods").is_none());
    }

    #[test]
    fn matrix_of_any_size_is_drawn() {
        for classes in [1, 2, 40] {
            let names: Vec<String> = (0..classes).map(|class| format!("type-{class}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            assert!(confusion(&matrix(&names), "pods").unwrap().contains("type-0"));
        }
    }
}
