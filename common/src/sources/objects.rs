//! Kubernetes' objects into what podprint knows of them. The only user of `k8s_openapi`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ContainerStatus, Node, Pod as KubePod};

use crate::pod::{Container, ImageSizes, Pod, PodEvent};
use crate::sample::{PodName, checked_name};
use crate::time::Time;

/// An object that lacks what every object of a cluster has, or has an impossible name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the pod object has no usable {0}")]
pub struct BadObject(&'static str);

/// Reads a pod.
pub fn pod(object: &KubePod) -> Result<Pod, BadObject> {
    let meta = &object.metadata;
    let name =
        PodName::checked(meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default())
            .ok_or(BadObject("namespace and name"))?;
    let uid = meta.uid.as_deref().and_then(checked_name).ok_or(BadObject("uid"))?;
    let statuses = object.status.as_ref().and_then(|status| status.container_statuses.as_deref()).unwrap_or_default();
    let containers = object
        .spec
        .iter()
        .flat_map(|spec| &spec.containers)
        .filter_map(|container| {
            let name = checked_name(&container.name)?;
            let image = container.image.as_deref().and_then(checked_image).unwrap_or_default();
            let status = statuses.iter().find(|status| status.name == container.name);
            Some(Container {
                name,
                image,
                started: status.and_then(started),
                restarts: status.map_or(0, |status| status.restart_count.max(0) as u32),
            })
        })
        .collect();
    let phase = object.status.as_ref().and_then(|status| status.phase.as_deref());
    Ok(Pod {
        name,
        uid,
        labels: meta.labels.clone().unwrap_or_default(),
        containers,
        ended: matches!(phase, Some("Succeeded" | "Failed")),
    })
}

/// Reads a change of a pod by the watch's word for it; `None` for bookmarks.
pub fn pod_event(kind: &str, object: &KubePod) -> Result<Option<PodEvent>, BadObject> {
    let pod = pod(object)?;
    Ok(match kind {
        "ADDED" | "MODIFIED" => Some(PodEvent::Applied(pod)),
        "DELETED" => Some(PodEvent::Deleted { name: pod.name, uid: pod.uid }),
        _ => None,
    })
}

/// Reads the sizes of the images that the nodes hold.
pub fn image_sizes(nodes: &[Node]) -> ImageSizes {
    let mut sizes = ImageSizes::default();
    for image in nodes.iter().filter_map(|node| node.status.as_ref()?.images.as_ref()).flatten() {
        let bytes = image.size_bytes.and_then(|bytes| u64::try_from(bytes).ok());
        for name in image.names.iter().flatten() {
            if let Some(bytes) = bytes {
                sizes.add(name, bytes);
            }
        }
    }
    sizes
}

fn started(status: &ContainerStatus) -> Option<Time> {
    let started = status.state.as_ref()?.running.as_ref()?.started_at.as_ref()?;
    Some(Time::from_millis(started.0.as_millisecond()))
}

/// Image references are longer than names: up to 255 bytes of repository, a tag of 128 and a digest.
fn checked_image(image: &str) -> Option<Arc<str>> {
    (image.len() <= 1024 && !image.chars().any(char::is_control)).then(|| image.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_read_from_its_object() {
        let object: KubePod = serde_json::from_value(serde_json::json!({
            "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": "nginx:1"}, {"name": "side", "image": "busybox"}]},
            "status": {"phase": "Running", "containerStatuses": [{
                "name": "app", "image": "nginx:1", "imageID": "", "ready": true, "restartCount": 2,
                "state": {"running": {"startedAt": "2026-11-20T23:32:36Z"}}}]}
        }))
        .unwrap();
        let pod = pod(&object).unwrap();
        assert_eq!(pod.name.to_string(), "shop/web-1");
        let app = pod.container("app").unwrap();
        assert_eq!((app.restarts, app.started), (2, Time::parse("2026-11-20T23:32:36Z")));
        assert_eq!(pod.container("side").unwrap().started, None);
        assert!(!pod.ended);
    }

    #[test]
    fn a_pod_without_a_name_is_refused() {
        let object: KubePod = serde_json::from_value(serde_json::json!({"metadata": {"name": "web\n1"}})).unwrap();
        assert_eq!(pod(&object), Err(BadObject("namespace and name")));
    }
}
