//! The last samples of one container, oldest first, and what stays known of its first minute.

use std::collections::VecDeque;

use crate::sample::{Metric, Sample, Values};
use crate::time::Time;

/// The most samples that a window holds.
pub const LONGEST: usize = 12;
/// The start-up of a container: its first minute, in seconds.
pub const STARTUP_SECONDS: f64 = 60.0;

/// The last samples of one container, oldest first, each time once. A restart begins a new window.
#[derive(Debug, Clone, Default)]
pub struct Window {
    samples: VecDeque<Sample>,
    started: Option<Time>,
    /// The last values of the first minute, and their time.
    startup: Option<Sample>,
}

/// What became of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is in the window.
    Added,
    /// It was there already; its values were taken over.
    Repeated,
    /// It is older than a full window reaches back, or from before the container's start.
    TooOld,
    /// It is the first of a restarted container: the window begins with it.
    Restarted,
}

impl Window {
    /// An empty window of a container whose process was started then, where that is known.
    pub fn begin(started: Option<Time>) -> Self {
        Self { started, ..Self::default() }
    }

    /// Says when the container's process was started; a start later than the one known begins a new window.
    pub fn started(&mut self, started: Time) {
        if self.started.is_some_and(|known| known < started) {
            self.clear();
        }
        self.started = Some(started);
    }

    /// Takes a sample, in whatever order samples come.
    pub fn push(&mut self, sample: Sample) -> Pushed {
        if self.started.is_some_and(|started| sample.time < started) {
            return Pushed::TooOld;
        }
        let at = self.samples.partition_point(|old| old.time < sample.time);
        if let Some(same) = self.samples.get_mut(at).filter(|old| old.time == sample.time) {
            same.values.merge(&sample.values);
            return Pushed::Repeated;
        }
        if at == 0 && self.samples.len() == LONGEST {
            return Pushed::TooOld;
        }
        let restarted =
            at == self.samples.len() && self.samples.back().is_some_and(|last| cpu_time_fell(last, &sample));
        if restarted {
            self.clear();
        }
        if self.age(sample.time).is_some_and(|age| age <= STARTUP_SECONDS) {
            match &mut self.startup {
                Some(startup) if startup.time > sample.time => {}
                Some(startup) => {
                    startup.time = sample.time;
                    startup.values.merge(&sample.values);
                }
                None => self.startup = Some(sample.clone()),
            }
        }
        self.samples.insert(at.min(self.samples.len()), sample);
        if self.samples.len() > LONGEST {
            self.samples.pop_front();
        }
        if restarted { Pushed::Restarted } else { Pushed::Added }
    }

    /// How many samples there are, at most [`LONGEST`].
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// True before the first sample.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The samples, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> + Clone {
        self.samples.iter()
    }

    /// The last values within the container's first minute, where it was watched then.
    pub fn startup(&self) -> Option<&Values> {
        self.startup.as_ref().map(|startup| &startup.values)
    }

    /// Seconds from the container's start to `time`, where the start is known.
    pub fn age(&self, time: Time) -> Option<f64> {
        self.started.map(|started| time.seconds_since(started))
    }

    fn clear(&mut self) {
        self.samples.clear();
        self.startup = None;
        self.started = None;
    }
}

/// CPU time never falls while a process group lives.
fn cpu_time_fell(before: &Sample, after: &Sample) -> bool {
    after.values.get(Metric::CpuTime) < before.values.get(Metric::CpuTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seconds: i64, cpu: f64) -> Sample {
        let mut values = Values::default();
        values.set(Metric::CpuTime, cpu);
        Sample { time: Time::from_millis(seconds * 1000), values }
    }

    #[track_caller]
    fn check(pushes: &[(i64, f64, Pushed)], times: &[i64]) -> Window {
        let mut window = Window::default();
        for (seconds, cpu, expected) in pushes {
            assert_eq!(window.push(sample(*seconds, *cpu)), *expected, "at {seconds}");
        }
        assert_eq!(window.samples().map(|s| s.time.millis() / 1000).collect::<Vec<_>>(), times);
        window
    }

    #[test]
    fn late_and_repeated_samples_find_their_place() {
        use Pushed::{Added, Repeated};
        check(&[(10, 1.0, Added), (30, 3.0, Added), (20, 2.0, Added), (30, 3.0, Repeated)], &[10, 20, 30]);
    }

    #[test]
    fn twelve_samples_are_kept() {
        let pushes: Vec<_> =
            (1..=14).map(|i| (i * 10, i as f64, Pushed::Added)).chain([(5, 0.5, Pushed::TooOld)]).collect();
        check(&pushes, &(3..=14).map(|i| i * 10).collect::<Vec<_>>());
    }

    #[test]
    fn a_restart_begins_a_new_window() {
        check(&[(10, 100.0, Pushed::Added), (20, 5.0, Pushed::Restarted), (30, 6.0, Pushed::Added)], &[20, 30]);
        let mut window = check(&[(10, 100.0, Pushed::Added)], &[10]);
        window.started(Time::from_millis(1_000));
        assert_eq!(window.len(), 1, "the start of what runs is not a restart");
        window.started(Time::from_millis(15_000));
        assert!(window.is_empty());
        assert_eq!(window.push(sample(12, 101.0)), Pushed::TooOld, "it is from before the restart");
    }

    #[test]
    fn the_first_minute_stays_known() {
        let mut window = Window::default();
        window.started(Time::from_millis(0));
        for i in 1..=30 {
            window.push(sample(i * 10, i as f64));
        }
        let startup = window.startup().expect("it was watched from the start").get(Metric::CpuTime);
        assert!((startup - 6.0).abs() < 1e-9, "the sample at 60 s");
        let mut late = Window::default();
        late.started(Time::from_millis(0));
        late.push(sample(300, 1.0));
        assert_eq!(late.startup(), None);
    }
}
