//! Telegraf's points, as InfluxDB and recordings hold them, into readings: which measurement, tag and field is which metric.

use crate::reading::{Family, Reading};
use crate::sample::{Metric, PodName, Values, checked_name};
use crate::time::Time;

/// Measurement of `inputs.kubernetes` for containers.
pub const CONTAINER: &str = "kubernetes_pod_container";
/// Measurement of `inputs.kubernetes` for the network of pods.
pub const NETWORK: &str = "kubernetes_pod_network";
/// Measurement of `inputs.kubernetes` for volumes of pods, one series a volume.
pub const VOLUME: &str = "kubernetes_pod_volume";
/// Measurement of `inputs.docker` for block I/O.
pub const BLOCK_IO: &str = "docker_container_blkio";

/// Volumes that Kubernetes itself mounts into nearly every pod.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// Fields of [`CONTAINER`].
pub const CONTAINER_FIELDS: &[(&str, Metric)] = &[
    ("memory_usage_bytes", Metric::MemoryUsage),
    ("memory_working_set_bytes", Metric::MemoryWorkingSet),
    ("memory_rss_bytes", Metric::MemoryRss),
    ("cpu_usage_nanocores", Metric::CpuUsage),
    ("cpu_usage_core_nanoseconds", Metric::CpuTime),
    ("logsfs_used_bytes", Metric::LogsUsed),
    ("rootfs_used_bytes", Metric::RootfsUsed),
];
/// Fields of [`NETWORK`].
pub const NETWORK_FIELDS: &[(&str, Metric)] = &[
    ("rx_bytes", Metric::RxBytes),
    ("tx_bytes", Metric::TxBytes),
    ("rx_errors", Metric::RxErrors),
    ("tx_errors", Metric::TxErrors),
];
/// Fields of [`VOLUME`].
pub const VOLUME_FIELDS: &[(&str, Metric)] = &[("used_bytes", Metric::VolumeUsed)];
/// Fields of [`BLOCK_IO`].
pub const BLOCK_IO_FIELDS: &[(&str, Metric)] = &[
    ("io_serviced_recursive_read", Metric::BlockReads),
    ("io_serviced_recursive_write", Metric::BlockWrites),
    ("io_service_bytes_recursive_read", Metric::BlockReadBytes),
    ("io_service_bytes_recursive_write", Metric::BlockWriteBytes),
];
/// cAdvisor's metrics, as `inputs.prometheus` names them: a measurement each.
pub const CADVISOR: &[(&str, Metric)] = &[
    ("container_fs_reads_total", Metric::BlockReads),
    ("container_fs_writes_total", Metric::BlockWrites),
    ("container_fs_reads_bytes_total", Metric::BlockReadBytes),
    ("container_fs_writes_bytes_total", Metric::BlockWriteBytes),
    ("container_processes", Metric::Processes),
];
/// The value's field in cAdvisor's measurements (`metric_version = 1`).
pub const CADVISOR_FIELDS: [&str; 3] = ["counter", "gauge", "value"];

/// Reads one point; `None` where it is none of ours, or lacks the names of a pod or every field.
pub fn reading<'a>(
    measurement: &str,
    tag: impl Fn(&str) -> Option<&'a str>,
    fields: impl Iterator<Item = (&'a str, f64)>,
    time: Time,
) -> Option<Reading> {
    let mut values = Values::default();
    let take = |table: &[(&str, Metric)]| {
        for (name, value) in fields {
            if let Some((_, metric)) = table.iter().find(|(field, _)| *field == name) {
                values.set(*metric, value);
            }
        }
    };
    let (family, pod, container, part) = match measurement {
        CONTAINER => {
            take(CONTAINER_FIELDS);
            (Family::Container, pod(&tag, "namespace", "pod_name")?, Some(tag("container_name")?), "")
        }
        NETWORK => {
            take(NETWORK_FIELDS);
            (Family::Network, pod(&tag, "namespace", "pod_name")?, None, "")
        }
        VOLUME => {
            let volume = tag("volume_name")?;
            if volume.starts_with(TOKEN_VOLUME) {
                return None;
            }
            take(VOLUME_FIELDS);
            (Family::Volume, pod(&tag, "namespace", "pod_name")?, None, volume)
        }
        BLOCK_IO => {
            if tag("device") != Some("total")
                || tag("io.kubernetes.docker.type").is_some_and(|kind| kind != "container")
            {
                return None;
            }
            take(BLOCK_IO_FIELDS);
            let pod = pod(&tag, "io.kubernetes.pod.namespace", "io.kubernetes.pod.name")?;
            (Family::BlockIo, pod, Some(tag("io.kubernetes.container.name")?), "")
        }
        _ => {
            let (_, metric) = CADVISOR.iter().find(|(name, _)| *name == measurement)?;
            take(&CADVISOR_FIELDS.map(|field| (field, *metric)));
            // Without a container it is the pod's cgroup or its sandbox.
            let container = tag("container").filter(|name| !name.is_empty() && *name != "POD")?;
            (Family::Cadvisor, pod(&tag, "namespace", "pod")?, Some(container), tag("device").unwrap_or(""))
        }
    };
    if values.is_empty() {
        return None;
    }
    let container = match container {
        Some(name) => Some(checked_name(name)?),
        None => None,
    };
    Some(Reading { family, pod, container, part: part.into(), time, values })
}

fn pod<'a>(tag: impl Fn(&str) -> Option<&'a str>, namespace: &str, name: &str) -> Option<PodName> {
    PodName::checked(tag(namespace)?, tag(name)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(measurement: &str, tags: &[(&str, &'static str)], fields: &[(&'static str, f64)]) -> Option<Reading> {
        let tag = |name: &str| tags.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        reading(measurement, tag, fields.iter().copied(), Time::from_millis(7))
    }

    const POD: [(&str, &str); 2] = [("namespace", "shop"), ("pod_name", "web-1")];

    #[test]
    fn a_container_point_is_read() {
        let tags = [POD[0], POD[1], ("container_name", "app")];
        let read = check(CONTAINER, &tags, &[("memory_rss_bytes", 5.0), ("unheard_of", 1.0)]).unwrap();
        assert_eq!((read.family, read.container.as_deref()), (Family::Container, Some("app")));
        assert!((read.values.get(Metric::MemoryRss) - 5.0).abs() < 1e-9);
        assert!(!read.values.has(Metric::CpuTime));
    }

    #[test]
    fn points_of_no_use_are_left_out() {
        assert_eq!(check("kubernetes_node", &POD, &[("memory_rss_bytes", 5.0)]), None);
        assert_eq!(check(CONTAINER, &POD, &[("memory_rss_bytes", 5.0)]), None, "no container name");
        assert_eq!(check(NETWORK, &POD, &[("rx_packets", 5.0)]), None, "no field of ours");
        let token = [POD[0], POD[1], ("volume_name", "kube-api-access-x2x4")];
        assert_eq!(check(VOLUME, &token, &[("used_bytes", 12288.0)]), None);
        let sandbox = [("namespace", "shop"), ("pod", "web-1")];
        assert_eq!(check("container_processes", &sandbox, &[("gauge", 1.0)]), None);
    }
}
