//! Sets of features by name: the first system's filters, ours, and lists of names.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{CATALOG, Group, Spec};
use crate::dataset::Feature;

/// A chosen set of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureSet {
    name: String,
    positions: Vec<usize>,
}

/// A feature or set that does not exist.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FeatureSetError {
    /// Neither a set nor a feature.
    #[error(
        "`{unknown}` is neither a set of features nor a feature; sets are {}; features are {}",
        set_names(),
        feature_names()
    )]
    Unknown {
        /// The word that is neither.
        unknown: String,
    },
    /// Nothing is named.
    #[error("no feature is named; sets are {}", set_names())]
    Empty,
}

/// A name, and which features belong to the set of that name.
type NamedSet = (&'static str, fn(&Spec) -> bool);

/// The named sets: which features belong to each.
static SETS: &[NamedSet] = &[
    ("default", |s| !matches!(s.group, Group::Names | Group::Image | Group::Age | Group::Totals)),
    ("all", |_| true),
    ("original", |s| s.original),
    ("only-strings", |s| s.group == Group::Names),
    ("only-numbers", |s| s.group != Group::Names),
    ("only-numbers-no-image-size", |s| !matches!(s.group, Group::Names | Group::Image)),
    ("only-memory", |s| s.group == Group::Memory),
    ("only-cpu", |s| s.group == Group::Cpu),
    ("only-network", |s| s.group == Group::Network),
    ("only-disk", |s| s.group == Group::Disk),
    ("only-usedBytesVolume", |s| s.group == Group::Volumes),
    ("only-podName", |s| s.name == "pod_name"),
];

impl FeatureSet {
    /// What it is called: a set's name, or the list.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Positions in the catalog, ascending.
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// Names and units.
    pub fn features(&self) -> Vec<Feature> {
        let feature = |spec: &Spec| Feature { name: spec.name.to_owned(), unit: spec.unit.symbol().to_owned() };
        self.positions.iter().map(|index| feature(&CATALOG[*index])).collect()
    }
}

impl FromStr for FeatureSet {
    type Err = FeatureSetError;

    /// A set's name, or names of sets and features separated by commas.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut chosen = vec![false; CATALOG.len()];
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let of_set = SETS.iter().find(|(name, _)| *name == word).map(|(_, belongs)| *belongs);
            let mut any = false;
            for (spec, chosen) in CATALOG.iter().zip(&mut chosen) {
                if of_set.map_or(spec.name == word, |belongs| belongs(spec)) {
                    *chosen = true;
                    any = true;
                }
            }
            if !any {
                return Err(FeatureSetError::Unknown { unknown: word.to_owned() });
            }
        }
        let positions: Vec<usize> = (0..chosen.len()).filter(|index| chosen[*index]).collect();
        if positions.is_empty() {
            return Err(FeatureSetError::Empty);
        }
        Ok(Self { name: text.trim().to_owned(), positions })
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn set_names() -> String {
    SETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn feature_names() -> String {
    CATALOG.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(text: &str) -> Vec<String> {
        text.parse::<FeatureSet>().unwrap().features().into_iter().map(|f| f.name).collect()
    }

    #[test]
    fn the_first_systems_filters_have_their_features() {
        assert_eq!(names("only-podName"), ["pod_name"]);
        assert_eq!(names("only-strings"), ["pod_name", "namespace", "image", "container_name"]);
        assert_eq!(names("original").len(), 15, "13 metrics, the container's name and the running time");
        assert!(!names("only-numbers-no-image-size").contains(&"image_size_bytes".to_owned()));
    }

    #[test]
    fn names_image_size_and_age_are_asked_for_only() {
        let default = names("default");
        for name in
            ["pod_name", "namespace", "image", "container_name", "image_size_bytes", "running_time_seconds", "rx_bytes"]
        {
            assert!(!default.contains(&name.to_owned()), "{name}");
        }
    }

    #[test]
    fn lists_mix_sets_and_features() {
        assert_eq!(names("memory_rss_bytes, only-podName"), ["pod_name", "memory_rss_bytes"]);
        assert!("memory_rss".parse::<FeatureSet>().unwrap_err().to_string().starts_with("`memory_rss` is neither"));
        assert_eq!(" , ".parse::<FeatureSet>(), Err(FeatureSetError::Empty));
    }
}
