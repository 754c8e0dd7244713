//! The class list, and which class a training container belongs to.

use std::str::FromStr;

use thiserror::Error;

use crate::pod::{Container, Pod, repository};

/// The pod label that names the type outright.
pub const TYPE_LABEL: &str = "podprint.io/type";
/// What a verdict says when the evidence is weak; no class may be called so.
pub const UNKNOWN: &str = "unknown";

/// The classes of a model with the patterns that tell them in names: `mysql=mysql|mariadb,nginx`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassList(Vec<Class>);

/// A class and what names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Class {
    name: String,
    patterns: Vec<String>,
}

/// What is wrong with a class list.
#[derive(Debug, Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "each message says what the variant is")]
pub enum ClassListError {
    #[error("it has no class; at least one is needed, such as `mysql,nginx` or `mysql=mysql|mariadb,nginx`")]
    Empty,
    #[error("class `{0}` is named twice")]
    Twice(String),
    #[error("`{0}` is not a class; allowed are 1 to 63 letters, digits, `-`, `_`, `.`, but not `unknown`")]
    Name(String),
    #[error("class `{0}` has an empty pattern; write `{0}` or `{0}=pattern|pattern`")]
    Pattern(String),
    #[error("it has {0} classes; at most 1024 are allowed")]
    TooMany(usize),
}

impl ClassList {
    /// The class names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|class| class.name.as_str())
    }

    /// How many classes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Always false: a class list has a class.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn named(&self, name: &str) -> Option<u16> {
        self.0.iter().position(|class| class.name == name).map(|index| index as u16)
    }

    /// The first class with a pattern that `text` contains, case aside.
    fn found_in(&self, text: &str) -> Option<u16> {
        let text = text.to_lowercase();
        let hit = |class: &Class| class.patterns.iter().any(|pattern| text.contains(pattern.as_str()));
        self.0.iter().position(hit).map(|index| index as u16)
    }
}

impl FromStr for ClassList {
    type Err = ClassListError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut classes: Vec<Class> = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, patterns) = match entry.split_once('=') {
                Some((name, patterns)) => (name.trim(), patterns.split('|').map(|p| p.trim().to_lowercase()).collect()),
                None => (entry, vec![entry.to_lowercase()]),
            };
            let letters = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
            if name.is_empty() || name.len() > 63 || name == UNKNOWN || !name.chars().all(letters) {
                return Err(ClassListError::Name(name.to_owned()));
            }
            if patterns.iter().any(String::is_empty) {
                return Err(ClassListError::Pattern(name.to_owned()));
            }
            if classes.iter().any(|class| class.name == name) {
                return Err(ClassListError::Twice(name.to_owned()));
            }
            classes.push(Class { name: name.to_owned(), patterns });
        }
        match classes.len() {
            0 => Err(ClassListError::Empty),
            1..=1024 => Ok(Self(classes)),
            many => Err(ClassListError::TooMany(many)),
        }
    }
}

/// Where a training label may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSource {
    /// The pod label [`TYPE_LABEL`].
    Label,
    /// A class pattern in the pod's name.
    PodName,
    /// A class pattern in the repository of the container's image.
    Image,
}

impl LabelSource {
    /// All, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Label, Self::PodName, Self::Image];
}

impl FromStr for LabelSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "label" => Ok(Self::Label),
            "pod-name" => Ok(Self::PodName),
            "image" => Ok(Self::Image),
            other => Err(format!("`{other}` is not a label source; allowed are label, pod-name and image")),
        }
    }
}

/// The class of a container of a training pod; the first source that knows decides.
///
/// A pod's label and name speak of its main container. The others are told by their image alone: what stands beside a
/// database in its pod is not one.
pub fn label(classes: &ClassList, sources: &[LabelSource], pod: &Pod, container: &Container) -> Option<u16> {
    let main = pod.containers.first().is_some_and(|first| first.name == container.name);
    sources.iter().find_map(|source| match source {
        LabelSource::Label if main => pod.labels.get(TYPE_LABEL).and_then(|name| classes.named(name)),
        LabelSource::PodName if main => classes.found_in(&pod.name.name),
        LabelSource::Image => classes.found_in(repository(&container.image)),
        LabelSource::Label | LabelSource::PodName => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sample::PodName;

    fn pod(name: &str, label: Option<&str>, images: &[&str]) -> Pod {
        Pod {
            name: PodName::checked("shop", name).unwrap(),
            uid: "u".into(),
            labels: label.map(|l| BTreeMap::from([(TYPE_LABEL.to_owned(), l.to_owned())])).unwrap_or_default(),
            containers: images
                .iter()
                .enumerate()
                .map(|(i, image)| Container {
                    name: format!("c{i}").into(),
                    image: (*image).into(),
                    started: None,
                    restarts: 0,
                })
                .collect(),
            ended: false,
        }
    }

    #[track_caller]
    fn check(pod: &Pod, expected: &[Option<&str>]) {
        let classes: ClassList = "mysql=mysql|mariadb,nginx,apache=httpd|apache".parse().unwrap();
        let names: Vec<&str> = classes.names().collect();
        let found: Vec<Option<&str>> = pod
            .containers
            .iter()
            .map(|c| label(&classes, &LabelSource::ALL, pod, c).map(|i| names[usize::from(i)]))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_source_that_knows_decides() {
        check(&pod("web-1", Some("nginx"), &["docker.io/library/httpd:2"]), &[Some("nginx")]);
        check(&pod("my-mariadb-0", None, &["nginx"]), &[Some("mysql")]);
        check(&pod("web-1", None, &["docker.io/library/httpd:2"]), &[Some("apache")]);
        check(&pod("web-1", Some("oracle"), &["redis"]), &[None]);
    }

    #[test]
    fn a_second_container_is_told_by_its_image_alone() {
        check(&pod("nginx-1", Some("nginx"), &["nginx", "busybox", "mysql"]), &[Some("nginx"), None, Some("mysql")]);
    }

    #[test]
    fn a_registry_host_names_no_class() {
        check(&pod("web-1", None, &["nginx.example.com/team/thing:1"]), &[None]);
    }

    #[test]
    fn class_lists_say_what_is_wrong() {
        for (text, error) in [
            ("", "it has no class; at least one is needed, such as `mysql,nginx` or `mysql=mysql|mariadb,nginx`"),
            ("nginx,nginx", "class `nginx` is named twice"),
            (
                "unknown",
                "`unknown` is not a class; allowed are 1 to 63 letters, digits, `-`, `_`, `.`, but not `unknown`",
            ),
            ("a=b||c", "class `a` has an empty pattern; write `a` or `a=pattern|pattern`"),
        ] {
            assert_eq!(text.parse::<ClassList>().unwrap_err().to_string(), error);
        }
    }
}
