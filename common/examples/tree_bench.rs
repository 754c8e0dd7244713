//! One fit of one engine on a table that `scripts/bench-tree.py` wrote; prints one line of JSON.
//!
//! ```text
//! tree_bench ours|smartcore DIR ROWS TEST_ROWS FEATURES CLASSES DEPTH
//! ```
//! `DIR/values.f32` holds the columns one after another, training rows before test rows, little-endian `f32`;
//! `DIR/class.u16` the class of each row. The time is that of binning and fitting, without reading the files.
#![allow(clippy::print_stdout, reason = "the line is the result")]

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};
use std::time::Instant;

use common::tree::bins::{Binned, MAX_BINS};
use common::tree::grow::{GrowSettings, grow};
use common::tree::smartcore;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, folder, numbers @ ..] = &arguments[..] else {
        return Err("the arguments are in the file's head".into());
    };
    let numbers = numbers.iter().map(|number| number.parse()).collect::<std::result::Result<Vec<usize>, _>>()?;
    let [rows, test_rows, features, classes, max_depth] = numbers[..] else {
        return Err("five numbers are needed".into());
    };

    let mut values = BufReader::new(File::open(format!("{folder}/values.f32"))?);
    let (mut columns, mut test) = (Vec::new(), Vec::new());
    for _ in 0..features {
        columns.push(read(&mut values, rows)?);
        test.push(read(&mut values, test_rows)?);
    }
    let mut class = vec![0; 2 * (rows + test_rows)];
    File::open(format!("{folder}/class.u16"))?.read_exact(&mut class)?;
    let class: Vec<u16> = class.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect();
    let weight = vec![1.0; rows];
    let all: Vec<u32> = (0..rows as u32).collect();
    let settings = GrowSettings { max_depth, min_leaf: 0.0 };

    let (begin, cpu) = (Instant::now(), cpu_seconds()?);
    let (mut bin_seconds, mut grown) = (0.0, None);
    match engine.as_str() {
        "ours" => {
            let binned = Binned::new(&columns, MAX_BINS);
            bin_seconds = begin.elapsed().as_secs_f64();
            grown = Some(grow(&binned, &class[..rows], classes, &weight, &all, &settings));
        }
        "smartcore" => grown = Some(smartcore::fit(&columns, &class[..rows], classes, &weight, &all, &settings)?),
        // Reads the table and fits nothing: what of the memory is the table's.
        "none" => {}
        other => return Err(format!("unknown engine {other}").into()),
    }
    let (wall, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds()? - cpu);

    let (mut right, mut row) = (0, vec![0.0; features]);
    for index in 0..test_rows {
        row.iter_mut().zip(&test).for_each(|(value, column)| *value = column[index]);
        let weights = grown.as_ref().map_or(&[][..], |grown| grown.tree.leaf(&row));
        let best = (0..weights.len()).rev().max_by_key(|class| weights[*class]);
        right += usize::from(best == Some(usize::from(class[rows + index])));
    }
    let (nodes, depth) = grown.map_or((0, 0), |grown| (grown.tree.nodes().len(), grown.tree.depth()));
    let accuracy = right as f64 / test_rows as f64;
    println!(
        r#"{{"wall":{wall},"cpu":{cpu},"bin":{bin_seconds},"accuracy":{accuracy},"nodes":{nodes},"depth":{depth},"peak_mb":{}}}"#,
        peak_mb()?
    );
    Ok(())
}

fn read(file: &mut impl Read, count: usize) -> Result<Vec<f64>> {
    let mut bytes = vec![0; 4 * count];
    file.read_exact(&mut bytes)?;
    Ok(bytes.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect())
}

/// What all threads have run, in seconds; Linux counts it in nanoseconds.
fn cpu_seconds() -> Result<f64> {
    let mut sum = 0.0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        sum += text.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9;
    }
    Ok(sum)
}

/// The most memory that was resident, in MB of 10^6 bytes.
fn peak_mb() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0 / 1e6)
}
