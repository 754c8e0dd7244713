//! What one container's metrics were at one time.

use std::fmt;
use std::sync::Arc;

use crate::time::Time;
use crate::unit::Unit;

/// Whether a metric is a value of its moment or a sum since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value of its moment.
    Gauge,
    /// A sum since the container's (network: the pod's) start; a lower value than before is a restart.
    Counter,
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $kind:ident, $unit:ident;)*) => {
        /// A metric of a container; network and volumes are their pod's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Metric { $($(#[$doc])* $variant,)* }

        impl Metric {
            /// All metrics, in the order of [`Sample::values`].
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, as Telegraf and the first system write it where they have it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Gauge or counter.
            pub fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// The unit of its values.
            pub fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit,)* }
            }
        }
    };
}

metrics! {
    /// All memory that the container is charged for, page cache included.
    MemoryUsage = "memory_usage_bytes", Gauge, Bytes;
    /// Memory usage without the page cache that could be dropped.
    MemoryWorkingSet = "memory_working_set_bytes", Gauge, Bytes;
    /// Anonymous memory.
    MemoryRss = "memory_rss_bytes", Gauge, Bytes;
    /// CPU use over the kubelet's last interval.
    CpuUsage = "cpu_usage_nanocores", Gauge, Nanocores;
    /// CPU time since the start.
    CpuTime = "cpu_usage_core_nanoseconds", Counter, Nanoseconds;
    /// Log files.
    LogsUsed = "logsfs_used_bytes", Gauge, Bytes;
    /// The container's writable layer.
    RootfsUsed = "rootfs_used_bytes", Gauge, Bytes;
    /// Network bytes received.
    RxBytes = "rx_bytes", Counter, Bytes;
    /// Network bytes sent.
    TxBytes = "tx_bytes", Counter, Bytes;
    /// Network receive errors.
    RxErrors = "rx_errors", Counter, None;
    /// Network transmit errors.
    TxErrors = "tx_errors", Counter, None;
    /// Block read operations.
    BlockReads = "io_service_recursive_read", Counter, None;
    /// Block write operations.
    BlockWrites = "io_service_recursive_write", Counter, None;
    /// Bytes read from block devices.
    BlockReadBytes = "io_service_bytes_recursive_read", Counter, Bytes;
    /// Bytes written to block devices.
    BlockWriteBytes = "io_service_bytes_recursive_write", Counter, Bytes;
    /// Used bytes of the pod's volumes together, without Kubernetes' own token volume.
    VolumeUsed = "used_bytes", Gauge, Bytes;
    /// Processes in the container.
    Processes = "container_processes", Gauge, None;
}

/// How many metrics there are.
pub const METRICS: usize = Metric::ALL.len();

/// Values by [`Metric`]; `NaN` marks one that the source lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct Values([f64; METRICS]);

impl Default for Values {
    fn default() -> Self {
        Self([f64::NAN; METRICS])
    }
}

impl Values {
    /// The value of `metric`, `NaN` where it is missing.
    pub fn get(&self, metric: Metric) -> f64 {
        self.0[metric as usize]
    }

    /// Sets `metric`. Metrics are never negative and always finite: any other value counts as missing.
    pub fn set(&mut self, metric: Metric, value: f64) {
        self.0[metric as usize] = if value.is_finite() && value >= 0.0 { value } else { f64::NAN };
    }

    /// Takes over every value that `other` has.
    pub fn merge(&mut self, other: &Self) {
        for (own, new) in self.0.iter_mut().zip(other.0) {
            if !new.is_nan() {
                *own = new;
            }
        }
    }

    /// True when no metric has a value.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|value| value.is_nan())
    }

    /// True when `metric` has a value.
    pub fn has(&self, metric: Metric) -> bool {
        !self.get(metric).is_nan()
    }
}

/// The values of one container's metrics at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When the source measured.
    pub time: Time,
    /// What it measured.
    pub values: Values,
}

/// A container by its names: a pod keeps its name over the restarts of its containers, not over its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerName {
    /// The pod.
    pub pod: PodName,
    /// The container's name in the pod.
    pub container: Arc<str>,
}

/// A pod by its names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodName {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl fmt::Display for PodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl fmt::Display for ContainerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pod, self.container)
    }
}

/// The longest name that Kubernetes gives a pod or container.
const LONGEST_NAME: usize = 253;

/// A name from outside, if it can be one: 1 to 253 bytes without control characters.
pub fn checked_name(text: &str) -> Option<Arc<str>> {
    (!text.is_empty() && text.len() <= LONGEST_NAME && !text.chars().any(char::is_control)).then(|| text.into())
}

impl PodName {
    /// From names that came from outside, see [`checked_name`].
    pub fn checked(namespace: &str, name: &str) -> Option<Self> {
        Some(Self { namespace: checked_name(namespace)?, name: checked_name(name)? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Metric, Values, checked_name};

    #[test]
    fn impossible_values_are_missing() {
        let mut values = Values::default();
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            values.set(Metric::CpuUsage, value);
            assert!(!values.has(Metric::CpuUsage), "{value}");
        }
        values.set(Metric::CpuUsage, 0.0);
        assert!(values.has(Metric::CpuUsage));
    }

    #[test]
    fn names_with_control_characters_are_refused() {
        assert!(checked_name("web-1").is_some());
        assert!(checked_name("").is_none());
        assert!(checked_name("a\nb").is_none());
        assert!(checked_name("\u{1b}[31m").is_none());
        assert!(checked_name(&"x".repeat(254)).is_none());
    }
}
