//! Readings into samples: a source reports a container's memory, its pod's network and its block I/O apart; a sample is
//! what was true at one time.
//!
//! The container's own reading sets the time of a sample. The others join it when they are of the same pass of the source
//! ([`SAME_PASS`]) or, where a source refreshes them slowly, recent enough. A sample leaves as soon as it has every family
//! that this source has shown to have, or when time has moved on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::sample::{ContainerName, Metric, PodName, Sample, Values};
use crate::time::Time;

/// Readings this close together belong to one pass of the source, in milliseconds.
const SAME_PASS: i64 = 5_000;
/// How long a volume's or cAdvisor's value holds, in milliseconds: volumes refresh once a minute, and two in a row may lack.
const SLOW_HOLDS: i64 = 130_000;
/// What has not been heard of for this long is forgotten, in milliseconds.
const FORGET_AFTER: i64 = 900_000;

/// Where in the source a reading came from; families of one container are joined into its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Memory, CPU and file systems of a container: sets the time of a sample.
    Container,
    /// Network of a pod.
    Network,
    /// A volume of a pod.
    Volume,
    /// Docker's block I/O of a container.
    BlockIo,
    /// cAdvisor's metrics of a container, each with a time of its own.
    Cadvisor,
}

/// What a source said of one container or pod at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which part of the source said it.
    pub family: Family,
    /// The pod.
    pub pod: PodName,
    /// The container; absent for what is the pod's.
    pub container: Option<Arc<str>>,
    /// Volume or device, whose values add up; empty where there is one only.
    pub part: Arc<str>,
    /// When it was measured.
    pub time: Time,
    /// The values.
    pub values: Values,
}

/// The last values of a pod or container by part, with their times.
type Parts = HashMap<Arc<str>, (Time, Values)>;

#[derive(Debug, Default)]
struct Pod {
    network: Option<(Time, Values)>,
    volumes: Parts,
    containers: BTreeMap<Arc<str>, Container>,
    heard: Time,
}

#[derive(Debug, Default)]
struct Container {
    block_io: Option<(Time, Values)>,
    cadvisor: Parts,
    /// The container's own readings that still wait for the other families.
    waiting: Vec<Sample>,
}

/// Joins readings into samples. Memory is bounded by the containers heard of in the last quarter of an hour.
#[derive(Debug, Default)]
pub struct Joiner {
    pods: HashMap<PodName, Pod>,
    /// Containers with a waiting sample, by its time.
    order: BTreeSet<(Time, ContainerName)>,
    ready: Vec<(ContainerName, Sample)>,
    /// The latest time heard of.
    now: Time,
    /// The first time heard of: which families a source has is known when its first pass is over.
    first: Option<Time>,
    forgotten_at: Time,
    network_seen: bool,
    block_io_seen: bool,
}

impl Joiner {
    /// Takes a reading; what it completes comes out of [`Self::take_ready`].
    pub fn push(&mut self, reading: Reading) {
        let Reading { family, pod, container, part, time, values } = reading;
        self.first.get_or_insert(time);
        if time > self.now {
            self.now = time;
            self.release_before(time.plus_millis(-SAME_PASS));
            self.forget();
        }
        let state = self.pods.entry(pod.clone()).or_default();
        state.heard = state.heard.max(time);
        match (family, container) {
            (Family::Network, _) => {
                self.network_seen = true;
                state.network = Some(newer(state.network.take(), time, values));
                // The pod's containers may have been waiting for this.
                for container in state.containers.keys().cloned().collect::<Vec<_>>() {
                    self.release_complete(&ContainerName { pod: pod.clone(), container });
                }
            }
            (Family::Volume, _) => {
                let old = state.volumes.remove(&part);
                state.volumes.insert(part, newer(old, time, values));
            }
            (Family::BlockIo, Some(container)) => {
                self.block_io_seen = true;
                let of = state.containers.entry(Arc::clone(&container)).or_default();
                of.block_io = Some(newer(of.block_io.take(), time, values));
                self.release_complete(&ContainerName { pod, container });
            }
            (Family::Cadvisor, Some(container)) => {
                let of = state.containers.entry(container).or_default();
                match of.cadvisor.get_mut(&part) {
                    Some((at, old)) => {
                        *at = time.max(*at);
                        old.merge(&values);
                    }
                    None => {
                        of.cadvisor.insert(part, (time, values));
                    }
                }
            }
            (Family::Container, Some(container)) => {
                let of = state.containers.entry(Arc::clone(&container)).or_default();
                match of.waiting.iter_mut().find(|sample| sample.time == time) {
                    Some(sample) => sample.values.merge(&values),
                    None => of.waiting.push(Sample { time, values }),
                }
                let name = ContainerName { pod, container };
                self.order.insert((time, name.clone()));
                self.release_complete(&name);
            }
            (Family::Container | Family::BlockIo | Family::Cadvisor, None) => {}
        }
    }

    /// The samples that have become complete, in the order in which they did.
    pub fn take_ready(&mut self) -> Vec<(ContainerName, Sample)> {
        std::mem::take(&mut self.ready)
    }

    /// Releases what still waits: the source has nothing more.
    pub fn finish(&mut self) -> Vec<(ContainerName, Sample)> {
        self.release_before(self.now.plus_millis(1));
        self.take_ready()
    }

    /// The latest time heard of.
    pub fn now(&self) -> Time {
        self.now
    }

    fn release_before(&mut self, time: Time) {
        while let Some((at, name)) = self.order.pop_first() {
            if at >= time {
                self.order.insert((at, name));
                return;
            }
            self.release(&name, at);
        }
    }

    fn release_complete(&mut self, name: &ContainerName) {
        let Some(pod) = self.pods.get(&name.pod) else { return };
        let Some(state) = pod.containers.get(&name.container) else { return };
        let complete: Vec<Time> = state
            .waiting
            .iter()
            .map(|sample| sample.time)
            .filter(|time| {
                self.first.is_some_and(|first| time.millis() > first.millis() + SAME_PASS)
                    && (!self.network_seen || of_pass(pod.network.as_ref(), *time).is_some())
                    && (!self.block_io_seen || of_pass(state.block_io.as_ref(), *time).is_some())
            })
            .collect();
        for time in complete {
            self.order.remove(&(time, name.clone()));
            self.release(name, time);
        }
    }

    fn release(&mut self, name: &ContainerName, time: Time) {
        let Some(pod) = self.pods.get_mut(&name.pod) else { return };
        let Some(state) = pod.containers.get_mut(&name.container) else { return };
        let Some(at) = state.waiting.iter().position(|sample| sample.time == time) else { return };
        let mut sample = state.waiting.remove(at);
        let values = &mut sample.values;
        add(&state.cadvisor, CADVISOR_METRICS, time, values);
        if let Some(block_io) = of_pass(state.block_io.as_ref(), time) {
            values.merge(block_io);
        } else if state.block_io.is_some() {
            // Two countings of the same thing do not mix within one container.
            for metric in BLOCK_METRICS {
                values.set(*metric, f64::NAN);
            }
        }
        if let Some(network) = of_pass(pod.network.as_ref(), time) {
            values.merge(network);
        }
        add(&pod.volumes, &[Metric::VolumeUsed], time, values);
        self.ready.push((name.clone(), sample));
    }

    fn forget(&mut self) {
        if self.now.millis() - self.forgotten_at.millis() < FORGET_AFTER {
            return;
        }
        self.forgotten_at = self.now;
        let oldest = self.now.plus_millis(-FORGET_AFTER);
        self.pods.retain(|_, pod| pod.heard >= oldest);
    }
}

const BLOCK_METRICS: &[Metric] =
    &[Metric::BlockReads, Metric::BlockWrites, Metric::BlockReadBytes, Metric::BlockWriteBytes];
const CADVISOR_METRICS: &[Metric] =
    &[Metric::BlockReads, Metric::BlockWrites, Metric::BlockReadBytes, Metric::BlockWriteBytes, Metric::Processes];

/// The values of the pass at `time`, where they are of it.
fn of_pass(held: Option<&(Time, Values)>, time: Time) -> Option<&Values> {
    held.filter(|(at, _)| (at.millis() - time.millis()).abs() <= SAME_PASS).map(|(_, values)| values)
}

/// Sets `metrics` to the sums over the parts that still hold at `time`.
fn add(parts: &Parts, metrics: &[Metric], time: Time, values: &mut Values) {
    for metric in metrics {
        let held = parts
            .values()
            .filter(|(at, values)| (at.millis() - time.millis()).abs() <= SLOW_HOLDS && values.has(*metric))
            .map(|(_, values)| values.get(*metric));
        if let Some(sum) = held.reduce(|sum, value| sum + value) {
            values.set(*metric, sum);
        }
    }
}

/// The later of two values; of one time, both together.
fn newer(old: Option<(Time, Values)>, time: Time, values: Values) -> (Time, Values) {
    match old {
        Some((at, old)) if at > time => (at, old),
        Some((at, mut old)) if at == time => {
            old.merge(&values);
            (at, old)
        }
        _ => (time, values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(family: Family, container: Option<&str>, seconds: i64, metric: Metric, value: f64) -> Reading {
        let mut values = Values::default();
        values.set(metric, value);
        Reading {
            family,
            pod: PodName::checked("shop", "web-1").unwrap(),
            container: container.map(Into::into),
            part: "".into(),
            time: Time::from_millis(seconds * 1000),
            values,
        }
    }

    #[track_caller]
    fn check(readings: Vec<Reading>, expected: &[(i64, Metric, f64)]) {
        let mut joiner = Joiner::default();
        for reading in readings {
            joiner.push(reading);
        }
        let samples = joiner.finish();
        for (seconds, metric, value) in expected {
            let (_, sample) =
                samples.iter().find(|(_, sample)| sample.time.millis() == seconds * 1000).expect("a sample");
            let found = sample.values.get(*metric);
            assert!(
                (found - value).abs() < 1e-9 || (found.is_nan() && value.is_nan()),
                "{seconds} {metric:?}: {found}"
            );
        }
    }

    #[test]
    fn families_of_one_pass_make_one_sample() {
        check(
            vec![
                reading(Family::Container, Some("app"), 10, Metric::MemoryRss, 1.0),
                reading(Family::Network, None, 10, Metric::RxBytes, 2.0),
                reading(Family::BlockIo, Some("app"), 10, Metric::BlockReads, 3.0),
            ],
            &[(10, Metric::MemoryRss, 1.0), (10, Metric::RxBytes, 2.0), (10, Metric::BlockReads, 3.0)],
        );
    }

    #[test]
    fn a_sample_leaves_as_soon_as_all_known_families_are_there() {
        let mut joiner = Joiner::default();
        joiner.push(reading(Family::Network, None, 10, Metric::RxBytes, 2.0));
        joiner.push(reading(Family::Container, Some("app"), 10, Metric::MemoryRss, 1.0));
        joiner.push(reading(Family::BlockIo, Some("app"), 10, Metric::BlockReads, 3.0));
        assert_eq!(joiner.take_ready().len(), 0, "the first pass shows what the source has");
        joiner.push(reading(Family::Network, None, 20, Metric::RxBytes, 2.0));
        assert_eq!(joiner.take_ready().len(), 1);
        joiner.push(reading(Family::Container, Some("app"), 20, Metric::MemoryRss, 1.0));
        assert_eq!(joiner.take_ready().len(), 0, "block I/O is known of by now");
        joiner.push(reading(Family::BlockIo, Some("app"), 20, Metric::BlockReads, 3.0));
        assert_eq!(joiner.take_ready().len(), 1);
    }

    #[test]
    fn a_sample_does_not_wait_for_ever() {
        let mut joiner = Joiner::default();
        joiner.push(reading(Family::Container, Some("app"), 10, Metric::MemoryRss, 1.0));
        joiner.push(reading(Family::Network, None, 20, Metric::RxBytes, 2.0));
        assert_eq!(joiner.take_ready().len(), 1);
    }

    #[test]
    fn a_value_of_another_pass_is_missing() {
        check(
            vec![
                reading(Family::Network, None, 10, Metric::RxBytes, 2.0),
                reading(Family::Container, Some("app"), 20, Metric::MemoryRss, 1.0),
            ],
            &[(20, Metric::RxBytes, f64::NAN)],
        );
    }

    #[test]
    fn volumes_of_a_pod_add_up_and_hold_for_two_minutes() {
        let volume = |part: &str, seconds, bytes| Reading {
            part: part.into(),
            ..reading(Family::Volume, None, seconds, Metric::VolumeUsed, bytes)
        };
        check(
            vec![
                volume("data", 5, 100.0),
                volume("logs", 5, 20.0),
                volume("data", 60, 110.0),
                reading(Family::Container, Some("app"), 60, Metric::MemoryRss, 1.0),
                reading(Family::Container, Some("app"), 200, Metric::MemoryRss, 1.0),
            ],
            &[(60, Metric::VolumeUsed, 130.0), (200, Metric::VolumeUsed, f64::NAN)],
        );
    }

    #[test]
    fn docker_block_io_wins_over_cadvisor() {
        check(
            vec![
                reading(Family::Cadvisor, Some("app"), 8, Metric::BlockReads, 9.0),
                reading(Family::BlockIo, Some("app"), 10, Metric::BlockReads, 3.0),
                reading(Family::Container, Some("app"), 10, Metric::MemoryRss, 1.0),
                reading(Family::Container, Some("app"), 20, Metric::MemoryRss, 1.0),
            ],
            &[(10, Metric::BlockReads, 3.0), (20, Metric::BlockReads, f64::NAN)],
        );
    }
}
