//! What Kubernetes knows of a pod, as far as podprint uses it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::sample::PodName;
use crate::time::Time;

/// A pod as it was last seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Namespace and name.
    pub name: PodName,
    /// What tells this pod from a later one of the same name.
    pub uid: Arc<str>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its containers in the order of the pod's spec, without init containers; the first is the main one.
    pub containers: Vec<Container>,
    /// True once the pod has succeeded or failed: nothing runs in it any more.
    pub ended: bool,
}

/// A container of a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Its name in the pod.
    pub name: Arc<str>,
    /// The image as the pod's spec names it.
    pub image: Arc<str>,
    /// When the process that runs now was started; absent while none runs.
    pub started: Option<Time>,
    /// How often it was restarted.
    pub restarts: u32,
}

impl Pod {
    /// The container of that name.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|container| &*container.name == name)
    }
}

/// A change of a pod.
#[derive(Debug, Clone, PartialEq)]
pub enum PodEvent {
    /// It is there, or has changed.
    Applied(Pod),
    /// It is gone.
    Deleted {
        /// Its namespace and name.
        name: PodName,
        /// The one of that name that is gone.
        uid: Arc<str>,
    },
}

/// Sizes of the images that the nodes hold, by every name that a node gives them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageSizes(HashMap<String, u64>);

impl ImageSizes {
    /// Adds an image of a node.
    pub fn add(&mut self, name: &str, bytes: u64) {
        self.0.insert(name.to_owned(), bytes);
    }

    /// The size of `image` in bytes, by its name as a pod's spec writes it (`nginx`, `nginx:1.27`, `docker.io/...`).
    pub fn get(&self, image: &str) -> Option<u64> {
        let tagged = if has_tag(image) { image.to_owned() } else { format!("{image}:latest") };
        [tagged.clone(), format!("docker.io/{tagged}"), format!("docker.io/library/{tagged}")]
            .iter()
            .find_map(|name| self.0.get(name).copied())
    }
}

fn has_tag(image: &str) -> bool {
    image.contains('@') || image.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

/// The repository of an image, without registry, tag and digest: `docker.io/library/nginx:1.27` is `library/nginx`.
pub fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let image = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    };
    match image.split_once('/') {
        Some((host, rest)) if host.contains('.') || host.contains(':') || host == "localhost" => rest,
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageSizes, repository};

    #[test]
    fn a_repository_is_the_image_without_registry_tag_and_digest() {
        assert_eq!(repository("docker.io/library/nginx:1.27"), "library/nginx");
        assert_eq!(repository("nginx"), "nginx");
        assert_eq!(repository("bitnami/mysql@sha256:ab12"), "bitnami/mysql");
        assert_eq!(repository("localhost:5000/team/redis:7"), "team/redis");
        assert_eq!(repository("registry.example.com:443/postgres"), "postgres");
    }

    #[test]
    fn short_image_names_find_what_the_node_calls_in_full() {
        let mut sizes = ImageSizes::default();
        sizes.add("docker.io/library/nginx:latest", 7);
        sizes.add("docker.io/bitnami/mysql:8", 9);
        assert_eq!(sizes.get("nginx"), Some(7));
        assert_eq!(sizes.get("bitnami/mysql:8"), Some(9));
        assert_eq!(sizes.get("redis"), None);
    }
}
