//! Windows into features: finite numbers with fixed names and units, `NaN` where a value is missing.
//!
//! [`CATALOG`] holds every feature that there is; a model names the ones that it uses. Three groups are left out unless
//! asked for: names (they tell the pod, not the type), image sizes and pod ages, and counter totals, which grow with age.

use crate::dataset::Feature;
use crate::sample::Metric;
use crate::unit::Unit;
use crate::window::Window;

use Metric::{
    BlockReadBytes, BlockReads, BlockWriteBytes, BlockWrites, CpuTime, CpuUsage, LogsUsed, MemoryRss, MemoryUsage,
    MemoryWorkingSet, Processes, RootfsUsed, RxBytes, TxBytes, VolumeUsed,
};

mod sets;
mod view;

pub use sets::{FeatureSet, FeatureSetError};
pub use view::{Context, View};

/// What a feature speaks of; feature sets are made of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Names, as numbers (Java's `String.hashCode`, as in the first system).
    Names,
    /// Size of the image.
    Image,
    /// Time since the start.
    Age,
    /// Memory.
    Memory,
    /// CPU and processes.
    Cpu,
    /// Network.
    Network,
    /// Block I/O, writable layer and logs.
    Disk,
    /// Volumes.
    Volumes,
    /// Relations between metrics of different groups.
    Relations,
    /// Counters since the start, as the first system used them: they tell the age.
    Totals,
}

/// A feature: how it is called and how it is computed.
pub struct Spec {
    /// Its name; those of the first system's features are its names.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: Unit,
    /// What it speaks of.
    pub group: Group,
    /// True for the features of the first system.
    pub original: bool,
    compute: fn(&View<'_>) -> f64,
}

const fn spec(name: &'static str, unit: Unit, group: Group, compute: fn(&View<'_>) -> f64) -> Spec {
    Spec { name, unit, group, original: false, compute }
}

const fn original(name: &'static str, unit: Unit, group: Group, compute: fn(&View<'_>) -> f64) -> Spec {
    Spec { name, unit, group, original: true, compute }
}

/// Every feature, in the order of extracted rows.
pub static CATALOG: &[Spec] = &[
    original("pod_name", Unit::None, Group::Names, |v| v.hash(v.context.pod)),
    original("namespace", Unit::None, Group::Names, |v| v.hash(v.context.namespace)),
    original("image", Unit::None, Group::Names, |v| v.hash(v.context.image)),
    original("container_name", Unit::None, Group::Names, |v| v.hash(v.context.container)),
    original("image_size_bytes", Unit::Bytes, Group::Image, |v| v.context.image_bytes.unwrap_or(f64::NAN)),
    original("running_time_seconds", Unit::Seconds, Group::Age, |v| v.age(v.last_time())),
    // Memory.
    original("memory_usage_bytes", Unit::Bytes, Group::Memory, |v| v.last(MemoryUsage)),
    spec("memory_working_set_bytes", Unit::Bytes, Group::Memory, |v| v.last(MemoryWorkingSet)),
    spec("memory_rss_bytes", Unit::Bytes, Group::Memory, |v| v.last(MemoryRss)),
    spec("memory_rss_share", Unit::None, Group::Memory, |v| ratio(v.last(MemoryRss), v.last(MemoryUsage))),
    spec("memory_inactive_share", Unit::None, Group::Memory, |v| {
        1.0 - ratio(v.last(MemoryWorkingSet), v.last(MemoryUsage))
    }),
    spec("memory_rss_growth", Unit::BytesPerSecond, Group::Memory, |v| v.growth(MemoryRss)),
    spec("startup_memory_rss_bytes", Unit::Bytes, Group::Memory, |v| v.startup(MemoryRss)),
    // CPU and processes.
    original("cpu_usage_nanocores", Unit::Nanocores, Group::Cpu, |v| v.last(CpuUsage)),
    spec("cpu_cores", Unit::Cores, Group::Cpu, |v| v.rate(CpuTime) / 1e9),
    spec("cpu_cores_least", Unit::Cores, Group::Cpu, |v| v.step_rates(CpuTime).fold(f64::NAN, f64::min) / 1e9),
    spec("cpu_cores_most", Unit::Cores, Group::Cpu, |v| v.step_rates(CpuTime).fold(f64::NAN, f64::max) / 1e9),
    spec("cpu_variability", Unit::None, Group::Cpu, |v| v.variability(CpuTime)),
    spec("startup_cpu_time", Unit::Nanoseconds, Group::Cpu, |v| v.startup(CpuTime)),
    spec("processes", Unit::None, Group::Cpu, |v| v.last(Processes)),
    // Network.
    spec("rx_bytes_per_second", Unit::BytesPerSecond, Group::Network, |v| v.rate(RxBytes)),
    spec("tx_bytes_per_second", Unit::BytesPerSecond, Group::Network, |v| v.rate(TxBytes)),
    spec("tx_per_rx", Unit::None, Group::Network, |v| ratio(v.increase(TxBytes), v.increase(RxBytes))),
    spec("tx_per_rx_since_start", Unit::None, Group::Network, |v| ratio(v.last(TxBytes), v.last(RxBytes))),
    spec("rx_variability", Unit::None, Group::Network, |v| v.variability(RxBytes)),
    spec("network_idle_share", Unit::None, Group::Network, |v| v.idle_share(RxBytes)),
    // Disk.
    original("logsfs_used_bytes", Unit::Bytes, Group::Disk, |v| v.last(LogsUsed)),
    original("rootfs_used_bytes", Unit::Bytes, Group::Disk, |v| v.last(RootfsUsed)),
    spec("logsfs_growth", Unit::BytesPerSecond, Group::Disk, |v| v.growth(LogsUsed)),
    spec("rootfs_growth", Unit::BytesPerSecond, Group::Disk, |v| v.growth(RootfsUsed)),
    spec("reads_per_second", Unit::PerSecond, Group::Disk, |v| v.rate(BlockReads)),
    spec("writes_per_second", Unit::PerSecond, Group::Disk, |v| v.rate(BlockWrites)),
    spec("read_bytes_per_second", Unit::BytesPerSecond, Group::Disk, |v| v.rate(BlockReadBytes)),
    spec("write_bytes_per_second", Unit::BytesPerSecond, Group::Disk, |v| v.rate(BlockWriteBytes)),
    spec("bytes_per_write", Unit::Bytes, Group::Disk, |v| ratio(v.increase(BlockWriteBytes), v.increase(BlockWrites))),
    spec("bytes_per_write_since_start", Unit::Bytes, Group::Disk, |v| {
        ratio(v.last(BlockWriteBytes), v.last(BlockWrites))
    }),
    spec("bytes_per_read_since_start", Unit::Bytes, Group::Disk, |v| ratio(v.last(BlockReadBytes), v.last(BlockReads))),
    spec("startup_writes", Unit::None, Group::Disk, |v| v.startup(BlockWrites)),
    spec("startup_write_bytes", Unit::Bytes, Group::Disk, |v| v.startup(BlockWriteBytes)),
    spec("startup_read_bytes", Unit::Bytes, Group::Disk, |v| v.startup(BlockReadBytes)),
    spec("write_idle_share", Unit::None, Group::Disk, |v| v.idle_share(BlockWrites)),
    // Volumes.
    original("used_bytes", Unit::Bytes, Group::Volumes, |v| v.last(VolumeUsed)),
    spec("used_bytes_growth", Unit::BytesPerSecond, Group::Volumes, |v| v.growth(VolumeUsed)),
    // Relations.
    spec("cpu_time_per_network_byte", Unit::Nanoseconds, Group::Relations, |v| ratio(v.increase(CpuTime), v.traffic())),
    spec("memory_rss_per_process", Unit::Bytes, Group::Relations, |v| ratio(v.last(MemoryRss), v.last(Processes))),
    spec("cpu_time_per_write", Unit::Nanoseconds, Group::Relations, |v| {
        ratio(v.increase(CpuTime), v.increase(BlockWrites))
    }),
    spec("write_bytes_per_network_byte", Unit::None, Group::Relations, |v| {
        ratio(v.increase(BlockWriteBytes), v.traffic())
    }),
    spec("log_bytes_per_network_byte", Unit::None, Group::Relations, |v| ratio(v.difference(LogsUsed), v.traffic())),
    // Counters since the start.
    original("rx_bytes", Unit::Bytes, Group::Totals, |v| v.last(RxBytes)),
    original("tx_bytes", Unit::Bytes, Group::Totals, |v| v.last(TxBytes)),
    original("io_service_recursive_read", Unit::None, Group::Totals, |v| v.last(BlockReads)),
    original("io_service_recursive_write", Unit::None, Group::Totals, |v| v.last(BlockWrites)),
    spec("cpu_usage_core_nanoseconds", Unit::Nanoseconds, Group::Totals, |v| v.last(CpuTime)),
];

/// `a / b`, missing where `b` is zero: nothing can be said of a relation to nothing.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { f64::NAN }
}

/// Computes the features at these positions of the catalog from a window with at least one sample. Values are finite or
/// `NaN`.
pub fn extract(window: &Window, context: Context<'_>, positions: &[usize]) -> Vec<f64> {
    let view = View::new(window, context);
    positions.iter().map(|index| finite((CATALOG[*index].compute)(&view))).collect()
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// Where the features that a model names stand in the catalog, or the first that this version does not know in that unit.
pub fn positions(features: &[Feature]) -> Result<Vec<usize>, Feature> {
    features
        .iter()
        .map(|feature| {
            CATALOG
                .iter()
                .position(|spec| spec.name == feature.name && spec.unit.symbol() == feature.unit)
                .ok_or_else(|| feature.clone())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::sample::{Sample, Values};
    use crate::time::Time;

    fn window(samples: &[(i64, &[(Metric, f64)])]) -> Window {
        let mut window = Window::default();
        window.started(Time::from_millis(0));
        for (seconds, values) in samples {
            let mut all = Values::default();
            for (metric, value) in *values {
                all.set(*metric, *value);
            }
            window.push(Sample { time: Time::from_millis(seconds * 1000), values: all });
        }
        window
    }

    #[track_caller]
    fn check(window: &Window, expected: &[(&str, f64)]) {
        for (name, value) in expected {
            let at = CATALOG.iter().position(|spec| spec.name == *name).unwrap();
            let found = extract(window, Context::default(), &[at])[0];
            let same = (found.is_nan() && value.is_nan()) || (found - value).abs() <= 1e-9 * value.abs();
            assert!(same, "{name} is {found}, not {value}");
        }
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<&str> = CATALOG.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), CATALOG.len());
    }

    #[test]
    fn one_sample_gives_levels_and_no_rates() {
        let window = window(&[(30, &[(MemoryRss, 5e6), (MemoryUsage, 1e7), (RxBytes, 300.0), (TxBytes, 900.0)])]);
        check(
            &window,
            &[
                ("memory_rss_bytes", 5e6),
                ("memory_rss_share", 0.5),
                ("tx_per_rx_since_start", 3.0),
                ("rx_bytes_per_second", f64::NAN),
                ("cpu_cores", f64::NAN),
                ("running_time_seconds", 30.0),
                ("startup_memory_rss_bytes", 5e6),
            ],
        );
    }

    #[test]
    fn rates_mean_the_same_at_every_interval() {
        for step in [5_i64, 10, 30, 60] {
            let values: Vec<[(Metric, f64); 2]> =
                (1..=6).map(|i| [(RxBytes, (i * step * 100) as f64), (CpuTime, (i * step) as f64 * 2e8)]).collect();
            let samples: Vec<(i64, &[(Metric, f64)])> =
                values.iter().enumerate().map(|(i, v)| ((i as i64 + 1) * step, v.as_slice())).collect();
            check(
                &window(&samples),
                &[
                    ("rx_bytes_per_second", 100.0),
                    ("cpu_cores", 0.2),
                    ("cpu_variability", 0.0),
                    // 0.2e9 ns a second over 100 bytes a second, once something is sent too
                    ("cpu_time_per_network_byte", f64::NAN),
                ],
            );
        }
    }

    #[test]
    fn a_network_counter_that_starts_anew_counts_from_zero() {
        // 100 -> 40 is a restart: 40 new bytes; 40 -> 90 is 50 more: 90 bytes in 20 s.
        let window = window(&[(10, &[(RxBytes, 100.0)]), (20, &[(RxBytes, 40.0)]), (30, &[(RxBytes, 90.0)])]);
        check(&window, &[("rx_bytes_per_second", 4.5)]);
    }

    #[test]
    fn a_missing_value_in_between_does_not_break_a_rate() {
        let window = window(&[(10, &[(RxBytes, 0.0)]), (20, &[]), (30, &[(RxBytes, 80.0)])]);
        check(&window, &[("rx_bytes_per_second", 4.0)]);
    }

    #[test]
    fn models_name_features_with_their_units() {
        let known = Feature { name: "memory_rss_bytes".into(), unit: "B".into() };
        let other = Feature { name: "memory_rss_bytes".into(), unit: "cores".into() };
        assert_eq!(positions(std::slice::from_ref(&known)).map(|p| CATALOG[p[0]].name), Ok("memory_rss_bytes"));
        assert_eq!(positions(&[known, other.clone()]), Err(other));
    }
}
