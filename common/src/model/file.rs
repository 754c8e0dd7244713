//! The model file: a checked [`Model`] as bytes or as base64 text, and back. The only place that knows bincode,
//! base64 and SHA-256; it reads no files.
//!
//! ```text
//! PODPRINT | format version u16 LE | payload length u32 LE | payload: bincode of `Wire` | SHA-256 of all before it
//! ```
//!
//! Bytes come from a `ConfigMap` or a file that people filled, often by copying base64 out of a log. Whatever they
//! hold, [`decode`] gives a model that classifies, or an error that says what to do.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use bincode::config::{Configuration, Limit, LittleEndian, Varint, standard};
use bincode::{BorrowDecode, Decode, Encode};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Engine, MAX_TREES, Model, ModelError, ModelParts, TrainingFacts};
use crate::dataset::Feature;
use crate::tree::{Node, Tree, TreeError};

/// The format that this version writes, and the only one so far that it reads.
pub const FORMAT: u16 = 1;
/// The most bytes of a binary model. A `ConfigMap` holds 1 MiB = 1,048,576 bytes; who puts the model there as base64
/// text needs 4 characters for 3 bytes, so 1,048,576 / 4 * 3 bytes of model fill it.
pub const MAX_FILE: usize = 786_432;
/// The most bytes of base64 text, and so of any file worth reading: 1,048,576 characters, and half as many again for
/// line breaks and indentation.
pub const MAX_TEXT: usize = MAX_FILE * 2;

const MAGIC: &[u8; 8] = b"PODPRINT";
/// How base64 of the magic starts; the eleventh character depends on the version too.
const MAGIC_TEXT: &str = "UE9EUFJJTl";
const HEADER: usize = MAGIC.len() + 2 + 4;
const SUM: usize = 32;
/// What decoding may claim in memory at a time. A file of `MAX_FILE` bytes needs at most 4 times its size: a class
/// weight is 4 bytes in memory and at least 1 in the file, a node 24 and 7.5 (a split 13, a leaf with one weight 2).
const MAX_CLAIM: usize = 4 * 1024 * 1024;

type Bincode = Configuration<LittleEndian, Varint, Limit<MAX_CLAIM>>;
const BINCODE: Bincode = standard().with_limit::<MAX_CLAIM>();

/// Reads text whose padding is gone; left-over bits are the checksum's business.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// Why bytes are not a model, or a model does not fit a file.
#[derive(Debug, Error, PartialEq)]
#[allow(missing_docs, reason = "each message says what the variant is")]
pub enum FileError {
    #[error("the model is empty")]
    Empty,
    #[error("the model has {found} bytes; at most {allowed} fit a ConfigMap, fewer trees make it smaller")]
    TooLarge { found: usize, allowed: usize },
    #[error(
        "this is a serialised Java object, like the Weka models of the first system; they cannot be read, train anew"
    )]
    Java,
    #[error("this is not a podprint model: it starts with \"{0}\"")]
    NotAModel(String),
    #[error("the base64 text of the model starts at line {line}, column {column}; remove what stands before it")]
    Before { line: usize, column: usize },
    #[error("{found:?} at line {line}, column {column} is not base64; remove what is not part of the model's text")]
    Character { found: char, line: usize, column: usize },
    #[error("the model has format version {found}; this podprint reads version {FORMAT}")]
    Version { found: u16 },
    #[error("the model is cut off: it has {found} bytes and should have {needed}")]
    Truncated { found: usize, needed: usize },
    #[error("the model is followed by {0} bytes that do not belong to it")]
    Trailing(usize),
    #[error("the model is damaged: its checksum is {found}, its content gives {computed}")]
    Checksum { found: String, computed: String },
    #[error("the model's content cannot be read: {0}")]
    Payload(String),
    #[error("tree {tree} of the model is not one")]
    Tree {
        tree: usize,
        #[source]
        source: TreeError,
    },
    #[error("the model's content is not allowed")]
    Model(#[from] ModelError),
}

/// The model as bytes, the same ones for the same model.
pub fn encode(model: &Model) -> Result<Vec<u8>, FileError> {
    let payload =
        bincode::encode_to_vec(Wire::from_model(model), BINCODE).map_err(|e| FileError::Payload(e.to_string()))?;
    let size = HEADER + payload.len() + SUM;
    if size > MAX_FILE {
        return Err(FileError::TooLarge { found: size, allowed: MAX_FILE });
    }
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&payload);
    let sum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&sum);
    Ok(bytes)
}

/// The bytes as one line of base64.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The model that `bytes` hold, in binary or as base64 text with any white space in it.
pub fn decode(bytes: &[u8]) -> Result<Model, FileError> {
    match binary(bytes)? {
        Some(decoded) => decode_binary(&decoded),
        None => decode_binary(bytes),
    }
}

/// The first 12 hexadecimal digits of the SHA-256 of the binary model, to tell models apart in logs; the same for
/// both forms of a model.
pub fn fingerprint(bytes: &[u8]) -> String {
    let decoded = binary(bytes).ok().flatten();
    let mut digits = hex(&Sha256::digest(decoded.as_deref().unwrap_or(bytes)));
    digits.truncate(12);
    digits
}

/// The binary form of base64 text; nothing if `bytes` are binary already.
fn binary(bytes: &[u8]) -> Result<Option<Vec<u8>>, FileError> {
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        return Err(FileError::Empty);
    }
    // Java's stream magic, and how its base64 starts. Such models may be larger than ours.
    if start.starts_with(&[0xAC, 0xED]) || start.starts_with(b"rO0AB") {
        return Err(FileError::Java);
    }
    let is_binary = bytes.starts_with(MAGIC);
    let allowed = if is_binary { MAX_FILE } else { MAX_TEXT };
    if bytes.len() > allowed {
        return Err(FileError::TooLarge { found: bytes.len(), allowed });
    }
    if is_binary { Ok(None) } else { from_text(bytes).map(Some) }
}

/// Decodes base64 text, passing over white space and a missing padding.
fn from_text(text: &[u8]) -> Result<Vec<u8>, FileError> {
    let mut compact = Vec::with_capacity(text.len());
    let mut padding = 0;
    let mut odd = None;
    for (at, byte) in text.iter().copied().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => compact.push(byte),
            b'=' if padding < 2 => padding += 1,
            _ if byte.is_ascii_whitespace() => {}
            _ => {
                odd = Some(at);
                break;
            }
        }
    }
    if !compact.starts_with(MAGIC_TEXT.as_bytes()) {
        return Err(not_a_model(text));
    }
    if let Some(at) = odd {
        let found = String::from_utf8_lossy(&text[at..text.len().min(at + 4)]).chars().next().unwrap_or_default();
        let (line, column) = position(text, at);
        return Err(FileError::Character { found, line, column });
    }
    // A single left-over character holds no byte: the text is cut off, which the length in the header tells.
    if compact.len() % 4 == 1 {
        compact.pop();
    }
    let bytes = LENIENT.decode(&compact).map_err(|e| FileError::Payload(e.to_string()))?;
    if bytes.len() > MAX_FILE {
        return Err(FileError::TooLarge { found: bytes.len(), allowed: MAX_FILE });
    }
    Ok(bytes)
}

fn not_a_model(text: &[u8]) -> FileError {
    match text.windows(MAGIC_TEXT.len()).position(|part| part == MAGIC_TEXT.as_bytes()) {
        Some(at) => {
            let (line, column) = position(text, at);
            FileError::Before { line, column }
        }
        None => FileError::NotAModel(text[..text.len().min(16)].escape_ascii().to_string()),
    }
}

/// Line and column of a byte, counted from 1 as editors do.
fn position(text: &[u8], at: usize) -> (usize, usize) {
    let before = String::from_utf8_lossy(&text[..at]);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

fn decode_binary(bytes: &[u8]) -> Result<Model, FileError> {
    let truncated = |needed| FileError::Truncated { found: bytes.len(), needed };
    let cut = || truncated(HEADER + SUM);
    let (magic, rest) = bytes.split_at(bytes.len().min(MAGIC.len()));
    if !MAGIC.starts_with(magic) {
        return Err(FileError::NotAModel(magic.escape_ascii().to_string()));
    }
    let (version, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let version = u16::from_le_bytes(*version);
    if version != FORMAT {
        return Err(FileError::Version { found: version });
    }
    let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    let needed = (HEADER + SUM).saturating_add(length);
    let (payload, rest) = rest.split_at_checked(length).ok_or_else(|| truncated(needed))?;
    let (sum, trailing) = rest.split_first_chunk::<SUM>().ok_or_else(|| truncated(needed))?;
    if !trailing.is_empty() {
        return Err(FileError::Trailing(trailing.len()));
    }
    let computed = Sha256::digest(&bytes[..HEADER + length]);
    if computed[..] != sum[..] {
        return Err(FileError::Checksum { found: hex(&sum[..6]), computed: hex(&computed[..6]) });
    }
    let (wire, used): (Wire<'_>, usize) =
        bincode::borrow_decode_from_slice(payload, BINCODE).map_err(|e| FileError::Payload(e.to_string()))?;
    if used != length {
        return Err(FileError::Payload(format!("{} of its bytes are left over", length - used)));
    }
    wire.into_model()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Format 1. Fields are never added, removed or moved; that is format 2.
#[derive(Encode, BorrowDecode)]
struct Wire<'a> {
    engine: WireEngine,
    classes: Vec<&'a str>,
    /// Name and unit symbol.
    features: Vec<(&'a str, &'a str)>,
    scaling: Option<Vec<(f64, f64)>>,
    /// Number of nodes of each tree.
    trees: Vec<u32>,
    /// The nodes of all trees, one tree after the other.
    nodes: Vec<WireNode>,
    /// The weights of all leaves, one leaf after the other, one entry a class.
    weights: Vec<u32>,
    trained_at: i64,
    source: &'a str,
    seed: u64,
    pods: Vec<u32>,
    samples: Vec<u64>,
    figures: Vec<(&'a str, f64)>,
    importance: Vec<f64>,
}

#[derive(Encode, Decode)]
enum WireEngine {
    Podprint,
    Smartcore,
}

#[derive(Encode, Decode)]
enum WireNode {
    Split { feature: u16, threshold: f64, missing_left: bool, left: u32, right: u32 },
    Leaf,
}

impl<'a> Wire<'a> {
    fn from_model(model: &'a Model) -> Self {
        let ModelParts { engine, classes, features, scaling, trees, facts } = &model.parts;
        let TrainingFacts { trained_at, source, seed, pods, samples, figures, importance } = facts;
        let mut weights = Vec::new();
        let nodes = trees.iter().flat_map(Tree::nodes).map(|node| match node {
            Node::Split { feature, threshold, missing_left, left, right } => WireNode::Split {
                feature: *feature,
                threshold: *threshold,
                missing_left: *missing_left,
                left: *left,
                right: *right,
            },
            Node::Leaf { weights: own } => {
                weights.extend_from_slice(own);
                WireNode::Leaf
            }
        });
        Self {
            engine: match engine {
                Engine::Podprint => WireEngine::Podprint,
                Engine::Smartcore => WireEngine::Smartcore,
            },
            classes: classes.iter().map(String::as_str).collect(),
            features: features.iter().map(|feature| (feature.name.as_str(), feature.unit.as_str())).collect(),
            scaling: scaling.clone(),
            trees: trees.iter().map(|tree| tree.nodes().len() as u32).collect(),
            nodes: nodes.collect(),
            weights,
            trained_at: *trained_at,
            source,
            seed: *seed,
            pods: pods.clone(),
            samples: samples.clone(),
            figures: figures.iter().map(|(name, value)| (name.as_str(), *value)).collect(),
            importance: importance.clone(),
        }
    }

    fn into_model(self) -> Result<Model, FileError> {
        let trees = self.trees()?;
        Ok(Model::new(ModelParts {
            engine: match self.engine {
                WireEngine::Podprint => Engine::Podprint,
                WireEngine::Smartcore => Engine::Smartcore,
            },
            classes: self.classes.into_iter().map(str::to_owned).collect(),
            features: self
                .features
                .into_iter()
                .map(|(name, unit)| Feature { name: name.to_owned(), unit: unit.to_owned() })
                .collect(),
            scaling: self.scaling,
            trees,
            facts: TrainingFacts {
                trained_at: self.trained_at,
                source: self.source.to_owned(),
                seed: self.seed,
                pods: self.pods,
                samples: self.samples,
                figures: self.figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                importance: self.importance,
            },
        })?)
    }

    /// Deals the nodes and weights out to the trees, which must use up all of them.
    fn trees(&self) -> Result<Vec<Tree>, FileError> {
        if self.trees.len() > MAX_TREES {
            let (what, found, most) = ("trees", self.trees.len(), MAX_TREES);
            return Err(ModelError::Count { what, found, most }.into());
        }
        let mismatch = |what| FileError::Payload(format!("its trees do not match its {what}"));
        let (mut nodes, mut weights) = (&self.nodes[..], &self.weights[..]);
        let mut trees = Vec::with_capacity(self.trees.len());
        for (tree, size) in self.trees.iter().enumerate() {
            let (own, rest) = nodes.split_at_checked(*size as usize).ok_or_else(|| mismatch("nodes"))?;
            nodes = rest;
            let mut domain = Vec::with_capacity(own.len());
            for node in own {
                domain.push(match *node {
                    WireNode::Split { feature, threshold, missing_left, left, right } => {
                        Node::Split { feature, threshold, missing_left, left, right }
                    }
                    WireNode::Leaf => {
                        let leaf = weights.split_at_checked(self.classes.len()).ok_or_else(|| mismatch("weights"))?;
                        weights = leaf.1;
                        Node::Leaf { weights: leaf.0.to_vec() }
                    }
                });
            }
            let made = Tree::from_nodes(domain, self.features.len(), self.classes.len());
            trees.push(made.map_err(|source| FileError::Tree { tree, source })?);
        }
        if !nodes.is_empty() {
            return Err(mismatch("nodes"));
        }
        if !weights.is_empty() {
            return Err(mismatch("weights"));
        }
        Ok(trees)
    }
}
