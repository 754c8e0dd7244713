//! Damaged and hostile model files: an error or a model that answers, never a panic, a hang or a large allocation.
//!
//! `PODPRINT_FUZZ_MODELS=1000000 cargo test --release -p common --test damaged_models -- --nocapture` tries a million.
//! The table's columns: refused; read with the answers of the undamaged model; read as another valid model, which
//! only content that somebody sealed with a right checksum may be.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod sample_models;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use common::model::Model;
use common::model::file::{MAX_FILE, decode, encode, to_base64};
use peak_alloc::PeakAlloc;
use sample_models::{Random, Size, random, small};
use sha2::{Digest, Sha256};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
/// One test at a time, as memory is counted over the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// The models here are below 100 KiB.
const MAX_MEMORY: usize = 5 * 1024 * 1024;
/// A file of the largest size: 0.75 MiB decoded from base64, 2.5 MiB as nodes of the file, 3.5 MiB as trees.
const MAX_MEMORY_LARGEST: usize = 8 * 1024 * 1024;
/// Far above what any takes, for a machine that does other things too.
const MAX_TIME: Duration = Duration::from_secs(2);

/// An undamaged model.
struct Sample {
    bytes: Vec<u8>,
    text: Vec<u8>,
    features: usize,
    answers: Vec<Vec<f64>>,
}

#[derive(Default)]
struct Tally {
    refused: usize,
    same: usize,
    other: usize,
    panics: usize,
    wrong: usize,
    memory: usize,
    time: Duration,
}

/// How bytes are damaged, and whether somebody then made header and checksum right.
type Kind = (&'static str, bool, fn(&mut Random, &Sample) -> Vec<u8>);

const KINDS: [Kind; 15] = [
    ("bits flipped", false, |r, s| flip(r, s.bytes.clone())),
    ("bytes set", false, |r, s| set(r, s.bytes.clone())),
    ("cut", false, |r, s| cut(r, s.bytes.clone())),
    ("bytes appended", false, |r, s| [&s.bytes[..], &garbage(r, 64)].concat()),
    ("blocks moved", false, |r, s| swap(r, s.bytes.clone())),
    ("header lies", false, header),
    ("random bytes", false, |r, _| garbage(r, 4096)),
    ("random behind magic", false, |r, _| [&b"PODPRINT\x01\x00"[..], &garbage(r, 4096)].concat()),
    ("base64 damaged", false, text),
    ("sealed: bits flipped", true, |r, s| flip(r, payload(s))),
    ("sealed: bytes set", true, |r, s| set(r, payload(s))),
    ("sealed: off by one", true, off_by_one),
    ("sealed: numbers lie", true, lie),
    ("sealed: cut or moved", true, |r, s| if r.below(2) == 0 { cut(r, payload(s)) } else { swap(r, payload(s)) }),
    ("sealed: random", true, |r, _| garbage(r, 1024)),
];

#[test]
fn damaged_models_are_refused_or_answer() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = std::env::var_os("PODPRINT_FUZZ_MODELS")
        .map_or(40_000, |count| count.to_str().unwrap().replace('_', "").parse::<usize>().unwrap());
    let mut sizes = vec![Size { classes: 3, features: 4, trees: 1, depth: 3 }; 2];
    sizes.extend(
        [(10, 20, 1, 9), (6, 12, 10, 5), (1, 1, 3, 4), (40, 70, 4, 5)].map(|(classes, features, trees, depth)| Size {
            classes,
            features,
            trees,
            depth,
        }),
    );
    let mut samples: Vec<Sample> = (1..).zip(sizes).map(|(seed, size)| sample(&random(seed, size))).collect();
    samples.push(sample(&small()));

    println!("{:22}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}", "kind", "refused", "same", "other", "panics", "KiB", "µs");
    let mut all = Tally::default();
    for (index, (name, is_sealed, damage)) in KINDS.into_iter().enumerate() {
        let mut r = Random(index as u64);
        let mut tally = Tally::default();
        // The first kinds share what does not divide evenly.
        for _ in 0..(wanted + KINDS.len() - 1 - index) / KINDS.len() {
            let sample = &samples[r.below(samples.len())];
            let bytes = damage(&mut r, sample);
            let bytes = if is_sealed { sealed(&bytes) } else { bytes };
            assess(&bytes, sample, is_sealed, &mut tally);
        }
        show(name, &tally);
        all.refused += tally.refused;
        all.same += tally.same;
        all.other += tally.other;
        all.panics += tally.panics;
        all.wrong += tally.wrong;
        all.memory = all.memory.max(tally.memory);
        all.time = all.time.max(tally.time);
    }
    show("all", &all);
    assert_eq!(all.refused + all.same + all.other + all.panics + all.wrong, wanted);
    assert_eq!((all.panics, all.wrong), (0, 0));
    assert!(all.memory <= MAX_MEMORY, "{} bytes", all.memory);
    assert!(all.time <= MAX_TIME, "{:?}", all.time);
}

#[test]
fn largest_files_need_little_memory_and_time() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // One class `a`, one feature `f`, no scaling.
    let start = [0, 1, 1, b'a', 1, 1, b'f', 0, 0];
    let claim = |count: usize| [&[252][..], &(count as u32).to_le_bytes()].concat();
    let rest = MAX_FILE - 100;
    let fill = |byte: u8| vec![byte; rest];
    let hostile = [
        ("one leaf a byte", [&start[..], &[0], &claim(rest), &fill(1)].concat()),
        ("as many leaves as may be", [&start[..], &[0], &claim(174_000), &fill(1)].concat()),
        ("one weight a byte", [&start[..], &[0, 0], &claim(rest - 100), &fill(1)].concat()),
        ("one tree a byte", [&start[..], &claim(rest - 100), &fill(1)].concat()),
        ("empty class names", [&[0][..], &claim(260_000), &fill(0)].concat()),
        ("a class name of all", [&[0, 1][..], &claim(rest - 100), &fill(b'a')].concat()),
        ("a class name of more", [&[0, 1][..], &claim(4_000_000), &fill(b'a')].concat()),
    ];
    for (name, payload) in hostile {
        let mut tally = Tally::default();
        let bytes = sealed(&payload);
        assess(&bytes, &sample(&small()), true, &mut tally);
        show(name, &tally);
        assert_eq!((tally.refused, tally.panics), (1, 0), "{name}");
        assert!(tally.memory <= MAX_MEMORY_LARGEST && tally.time <= MAX_TIME, "{name}");
    }
    for (classes, depth, trees) in [(1, 10, 140), (1000, 1, 180), (3, 16, 1)] {
        let model = random(9, Size { classes, features: 3, trees, depth });
        let good = sample(&model);
        let mut tally = Tally::default();
        assess(&good.text, &good, false, &mut tally);
        show(&format!("{} KiB of {classes} classes", good.bytes.len() / 1024), &tally);
        assert_eq!(tally.same, 1);
        assert!(tally.memory <= MAX_MEMORY_LARGEST && tally.time <= MAX_TIME);
    }
}

fn show(name: &str, tally: &Tally) {
    let Tally { refused, same, other, panics, memory, time, .. } = tally;
    println!("{name:22}{refused:9}{same:9}{other:9}{panics:9}{:9}{:9}", memory / 1024, time.as_micros());
}

fn sample(model: &Model) -> Sample {
    let bytes = encode(model).unwrap();
    let features = model.features().len();
    let answers = rows(features).iter().map(|row| model.probabilities(row)).collect();
    Sample { text: to_base64(&bytes).into_bytes(), bytes, features, answers }
}

fn rows(features: usize) -> Vec<Vec<f64>> {
    let mut r = Random(features as u64);
    let mut rows = vec![vec![0.0; features], vec![f64::NAN; features], vec![f64::MAX; features]];
    rows.extend((0..5).map(|_| (0..features).map(|_| r.number()).collect()));
    rows
}

/// Reads `bytes` and lets the model answer, and counts what came of it.
fn assess(bytes: &[u8], sample: &Sample, is_sealed: bool, tally: &mut Tally) {
    MEMORY.reset_peak_usage();
    let (before, start) = (MEMORY.current_usage(), Instant::now());
    let result = catch_unwind(AssertUnwindSafe(|| {
        let model = decode(bytes).ok()?;
        let features = model.features().len();
        let answers: Vec<_> = rows(features).iter().map(|row| model.classify(row)).collect();
        Some((features, answers))
    }));
    tally.time = tally.time.max(start.elapsed());
    tally.memory = tally.memory.max(MEMORY.peak_usage().saturating_sub(before));
    match result {
        Err(_) => tally.panics += 1,
        Ok(None) => tally.refused += 1,
        Ok(Some((features, answers))) => {
            let sound = answers.iter().all(|answer| {
                let sum: f64 = answer.probabilities.iter().sum();
                (sum - 1.0).abs() < 1e-9
                    && answer.probabilities.iter().all(|p| (0.0..=1.0).contains(p))
                    && answer.probabilities[answer.class].to_bits() == answer.confidence.to_bits()
            });
            let same =
                features == sample.features && answers.iter().map(|answer| &answer.probabilities).eq(&sample.answers);
            match (sound, same) {
                (true, true) => tally.same += 1,
                (true, false) if is_sealed => tally.other += 1,
                _ => tally.wrong += 1,
            }
        }
    }
}

/// A file with a right header and checksum around a payload.
fn sealed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"PODPRINT\x01\x00".to_vec();
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(payload);
    let sum = Sha256::digest(&bytes);
    bytes.extend(sum);
    bytes
}

fn payload(sample: &Sample) -> Vec<u8> {
    sample.bytes[14..sample.bytes.len() - 32].to_vec()
}

fn garbage(r: &mut Random, most: usize) -> Vec<u8> {
    (0..=r.below(most)).map(|_| r.next() as u8).collect()
}

fn flip(r: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=r.below(4) {
        let at = r.below(bytes.len());
        bytes[at] ^= 1 << r.below(8);
    }
    bytes
}

fn set(r: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=r.below(4) {
        let at = r.below(bytes.len());
        bytes[at] = if r.below(2) == 0 { r.next() as u8 } else { r.pick(&[0, 1, 127, 128, 250, 251, 252, 253, 255]) };
    }
    bytes
}

/// Takes a stretch out: at the end, at the start or between.
fn cut(r: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    let at = r.below(bytes.len());
    match r.below(3) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(..at)),
        _ => drop(bytes.drain(at..bytes.len().min(at + 1 + r.below(16)))),
    }
    bytes
}

/// Changes two blocks for each other, or writes one over the other.
fn swap(r: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    let size = 1 + r.below(bytes.len().min(64) / 2);
    let (one, two) = (r.below(bytes.len() - size), r.below(bytes.len() - size));
    let (first, second) = (bytes[one..one + size].to_vec(), bytes[two..two + size].to_vec());
    bytes[one..one + size].copy_from_slice(&second);
    if r.below(2) == 0 {
        bytes[two..two + size].copy_from_slice(&first);
    }
    bytes
}

/// Another version or payload length.
fn header(r: &mut Random, sample: &Sample) -> Vec<u8> {
    let mut bytes = sample.bytes.clone();
    if r.below(4) == 0 {
        bytes[8..10].copy_from_slice(&(r.next() as u16 >> r.below(16)).to_le_bytes());
    } else {
        let length = bytes.len() as u32 - 46;
        let near = length.wrapping_add(r.below(100) as u32).wrapping_sub(50);
        let lie = r.pick(&[0, 1, near, near, u32::MAX, u32::MAX - 45, 1 << 31, MAX_FILE as u32]);
        bytes[10..14].copy_from_slice(&lie.to_le_bytes());
    }
    if r.below(4) == 0 {
        let end = bytes.len() - 32;
        let sum = Sha256::digest(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum);
    }
    bytes
}

/// What copying text does to it, and what it does not do.
fn text(r: &mut Random, sample: &Sample) -> Vec<u8> {
    let mut text = sample.text.clone();
    for _ in 0..=r.below(3) {
        let at = r.below(text.len());
        match r.below(8) {
            0 => text[at] = r.next() as u8,
            1 => text[at] = r.pick(b"ABCDwxyz0189+/="),
            2 => text.insert(at, r.pick(b"\n\r \t|\"A=-_\0")),
            3 => drop(text.remove(at)),
            4 => text.truncate(at.max(1)),
            5 => text.make_ascii_lowercase(),
            6 => text.extend_from_within(at..),
            _ => drop(text.splice(at..at, b"\r\n".repeat(3))),
        }
    }
    text
}

/// One byte more or less: the next index, class, count or feature.
fn off_by_one(r: &mut Random, sample: &Sample) -> Vec<u8> {
    let mut bytes = payload(sample);
    for _ in 0..=r.below(2) {
        let at = r.below(bytes.len());
        bytes[at] = if r.below(2) == 0 { bytes[at].wrapping_add(1) } else { bytes[at].wrapping_sub(1) };
    }
    bytes
}

/// Writes a number of the encoding over or between the bytes: a count, index or weight, or a float.
fn lie(r: &mut Random, sample: &Sample) -> Vec<u8> {
    let mut bytes = payload(sample);
    let number = r.next() >> r.below(64);
    let float = r.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -0.0, 5e-324, -1.0]);
    let lie = match r.below(6) {
        0 => [&[251][..], &(number as u16).to_le_bytes()].concat(),
        1 => [&[252][..], &(number as u32).to_le_bytes()].concat(),
        2 => [&[253][..], &number.to_le_bytes()].concat(),
        3 => [&[253][..], &u64::MAX.to_le_bytes()].concat(),
        4 => vec![254; 17],
        _ => float.to_le_bytes().to_vec(),
    };
    let at = r.below(bytes.len());
    let end = if r.below(2) == 0 { at + 1 } else { at + lie.len() };
    let end = end.min(bytes.len());
    bytes.splice(at..end, lie);
    bytes
}
