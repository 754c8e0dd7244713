//! The model file: every error by its message, the round trip of any model, and the golden file of format 1.
#![allow(clippy::unwrap_used, reason = "tests")]

mod sample_models;

use std::error::Error;

use common::model::Model;
use common::model::file::{FileError, MAX_FILE, MAX_TEXT, decode, encode, fingerprint, to_base64};
use proptest::prelude::*;
use sample_models::{Random, Size, random, small};
use sha2::{Digest, Sha256};

const GOLDEN: &str = include_str!("data/model-v1.b64");

/// Asserts the error of `bytes`, with its causes.
#[track_caller]
fn check(bytes: &[u8], message: &str) {
    let error = decode(bytes).unwrap_err();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    assert_eq!(text, message);
}

fn bytes() -> Vec<u8> {
    encode(&small()).unwrap()
}

/// A file with a right header and checksum around any payload.
fn sealed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"PODPRINT\x01\x00".to_vec();
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(payload);
    let sum = Sha256::digest(&bytes);
    bytes.extend(sum);
    bytes
}

/// The small model's file with one stretch of its payload replaced, and a right header and checksum.
fn edited(from: &[u8], to: &[u8]) -> Vec<u8> {
    let bytes = bytes();
    let payload = &bytes[14..bytes.len() - 32];
    let at = payload.windows(from.len()).position(|part| part == from).unwrap();
    sealed(&[&payload[..at], to, &payload[at + from.len()..]].concat())
}

#[test]
fn golden_file_of_format_1_loads_with_its_answers() {
    let model = decode(GOLDEN.as_bytes()).unwrap();
    assert_eq!(model, small());
    assert_eq!(to_base64(&encode(&model).unwrap()), GOLDEN.trim_end());
    assert_eq!(fingerprint(GOLDEN.as_bytes()), fingerprint(&bytes()));
    assert_eq!(fingerprint(GOLDEN.as_bytes()), "4f83511345d3");
    // 800 of 0..1000 is above 0.5: leaf 0, 5, 3 pods; 0.4 of 0..4 is below 0.25: leaf 0, 0, 2 pods. One more pod each:
    // (1/3, 16/3, 10/3) / 9 = (1, 16, 10) / 27 and (1/3, 1/3, 7/3) / 3 = (1, 1, 7) / 9; mean (4, 19, 31) / 54.
    let answer = model.classify(&[800.0, 0.4]);
    assert_eq!(answer.class, 2);
    for (p, share) in answer.probabilities.iter().zip([4.0, 19.0, 31.0]) {
        assert!((p - share / 54.0).abs() < 1e-12, "{:?}", answer.probabilities);
    }
    // Missing goes left, then right: (7, 1, 1) / 9 and (1, 16, 1) / 18; mean (15, 18, 3) / 36.
    let answer = model.classify(&[f64::NAN, f64::NAN]);
    assert_eq!((answer.class, answer.confidence.to_string().as_str()), (1, "0.5"));
}

#[test]
fn nothing_and_too_much_are_named() {
    check(b"", "the model is empty");
    check(b" \r\n\t ", "the model is empty");
    let mut large = bytes();
    large.resize(MAX_FILE + 1, 0);
    check(&large, "the model has 786433 bytes; at most 786432 fit a ConfigMap, fewer trees make it smaller");
    check(
        &vec![b'A'; MAX_TEXT + 1],
        "the model has 1572865 bytes; at most 1572864 fit a ConfigMap, fewer trees make it smaller",
    );
    check(
        to_base64(&large).as_bytes(),
        "the model has 786433 bytes; at most 786432 fit a ConfigMap, fewer trees make it smaller",
    );
}

#[test]
fn other_files_are_told_from_models() {
    let java = "this is a serialised Java object, like the Weka models of the first system; they cannot be read, \
                train anew";
    check(b"\xAC\xED\x00\x05sr\x00\x22weka.classifiers.trees.J48", java);
    check(b"\nrO0ABXNyACJ3ZWthLmNsYXNzaWZpZXJz", java);
    check(b"hello, world", r#"this is not a podprint model: it starts with "hello, world""#);
    check(b"\x1F\x8B\x08\x00", r#"this is not a podprint model: it starts with "\x1f\x8b\x08\x00""#);
    check(
        &bytes()[1..],
        r#"this is not a podprint model: it starts with "ODPRINT\x01\x00\xe8\x00\x00\x00\x00\x03\x05""#,
    );
}

#[test]
fn text_copied_out_of_a_log_is_read_or_the_odd_place_named() {
    let text = to_base64(&bytes());
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    assert_eq!(decode(lines.join("\r\n").as_bytes()), Ok(small()));
    assert_eq!(decode(format!("\n  {}\n\n", lines.join("\n  ")).as_bytes()), Ok(small()));
    assert_eq!(decode(text.trim_end_matches('=').as_bytes()), Ok(small()));
    check(
        format!("start\n12:00 INFO model {text}").as_bytes(),
        "the base64 text of the model starts at line 2, column 18; remove what stands before it",
    );
    let odd = |found: &str, line, column| {
        format!("{found} at line {line}, column {column} is not base64; remove what is not part of the model's text")
    };
    check(format!("{}\n| {}", lines[0], lines[1]).as_bytes(), &odd("'|'", 2, 1));
    check(format!("{}ü{}", lines[0], lines[1]).as_bytes(), &odd("'ü'", 1, 77));
    check(format!("{}\u{1b}[0m", lines[0]).as_bytes(), &odd(r"'\u{1b}'", 1, 77));
    check(format!("{text}\"").as_bytes(), &odd("'\"'", 1, text.len() + 1));
    check(format!("{text}=====").as_bytes(), &odd("'='", 1, text.trim_end_matches('=').len() + 3));
}

#[test]
fn cut_and_lengthened_files_are_told() {
    let good = bytes();
    let total = good.len();
    check(&good[..total - 1], &format!("the model is cut off: it has {} bytes and should have {total}", total - 1));
    check(&good[..9], "the model is cut off: it has 9 bytes and should have 46");
    check(b"UE9EUFJJTl", "the model is cut off: it has 7 bytes and should have 46");
    for end in 8..total {
        assert!(matches!(decode(&good[..end]), Err(FileError::Truncated { .. })), "{end}");
    }
    check(&[&good[..], b"\n"].concat(), "the model is followed by 1 bytes that do not belong to it");
    let mut lying = good.clone();
    lying[10..14].copy_from_slice(&u32::MAX.to_le_bytes());
    check(&lying, &format!("the model is cut off: it has {total} bytes and should have 4294967341"));
}

#[test]
fn damage_and_other_formats_are_told() {
    let mut bytes = bytes();
    bytes[8] = 2;
    check(&bytes, "the model has format version 2; this podprint reads version 1");
    bytes[8] = 1;
    let sum = bytes.len() - 32;
    bytes[sum..].fill(0);
    let message = decode(&bytes).unwrap_err().to_string();
    assert!(message.starts_with("the model is damaged: its checksum is 000000000000, its content gives "), "{message}");
}

#[test]
fn content_with_a_right_checksum_is_checked_too() {
    check(
        &sealed(b"\x05"),
        "the model's content cannot be read: UnexpectedVariant { type_name: \"WireEngine\", allowed: Range { min: 0, \
         max: 1 }, found: 5 }",
    );
    check(&sealed(b""), "the model's content cannot be read: UnexpectedEnd { additional: 1 }");
    // A class list of 2^32 - 1 entries.
    check(&sealed(b"\x00\xFC\xFF\xFF\xFF\xFF"), "the model's content cannot be read: LimitExceeded");
    let good = bytes();
    let longer = [&good[14..good.len() - 32], b"\x00"].concat();
    check(&sealed(&longer), "the model's content cannot be read: 1 of its bytes are left over");
    // Two trees of three nodes.
    check(&edited(&[2, 3, 3, 6], &[1, 3, 6]), "the model's content cannot be read: its trees do not match its nodes");
    check(
        &edited(&[2, 3, 3, 6], &[2, 3, 4, 6]),
        "the model's content cannot be read: its trees do not match its nodes",
    );
    // Twelve weights, of which the first is 2000.
    check(
        &edited(&[12, 251, 0xD0, 0x07], &[13, 1, 251, 0xD0, 0x07]),
        "the model's content cannot be read: its trees do not match its weights",
    );
    // missing_left, left, right, then a leaf: the left child is the node itself.
    check(
        &edited(&[1, 1, 2, 1], &[1, 0, 2, 1]),
        "tree 0 of the model is not one: node 0 has child 0; a child stands after its parent, below 3, and has one \
         parent",
    );
    check(
        &edited(b"\x05redis", b"\x07unknown"),
        "the model's content is not allowed: class 2 is named \"unknown\", which is the answer for no class; another \
         name is needed",
    );
}

#[test]
fn too_many_trees_are_refused_when_written() {
    let mut parts = small().into_parts();
    let deep = Size { classes: 3, features: 2, trees: 2, depth: 14 };
    let trees = random(1, deep).into_parts().trees;
    parts.trees = trees.iter().cycle().take(80).cloned().collect();
    let model = Model::new(parts).unwrap();
    assert!(matches!(encode(&model), Err(FileError::TooLarge { allowed: MAX_FILE, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_model_survives_the_file(
        seed: u64, classes in 1..30usize, features in 1..30usize, trees in 1..12usize, depth in 0..8usize,
    ) {
        let model = random(seed, Size { classes, features, trees, depth });
        let bytes = encode(&model).unwrap();
        prop_assert!(decode(&bytes).is_ok_and(|read| read == model));
        let mut text = to_base64(&bytes);
        prop_assert!(decode(text.as_bytes()).is_ok_and(|read| read == model));
        let mut random = Random(seed);
        for _ in 0..random.below(40) {
            text.insert_str(random.below(text.len() + 1), random.pick(&["\n", "\r\n", " ", "\t"]));
        }
        prop_assert!(decode(text.as_bytes()).is_ok_and(|read| read == model));
        prop_assert_eq!(fingerprint(text.as_bytes()), fingerprint(&bytes));
    }

    #[test]
    fn any_bytes_get_an_error(bytes: Vec<u8>) {
        prop_assert!(decode(&bytes).is_err());
        prop_assert!(decode(&sealed(&bytes)).is_err());
        prop_assert_eq!(fingerprint(&bytes).len(), 12);
    }
}
