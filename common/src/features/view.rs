//! What features are computed from: levels, increases and rates of a window's metrics.

use crate::pod::ImageSizes;
use crate::sample::{ContainerName, Kind, Metric};
use crate::time::Time;
use crate::window::Window;

/// What is known of a container beside its metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Namespace of its pod.
    pub namespace: &'a str,
    /// Name of its pod.
    pub pod: &'a str,
    /// Its own name.
    pub container: &'a str,
    /// Its image as the pod's spec names it.
    pub image: &'a str,
    /// The image's size, where a node says it.
    pub image_bytes: Option<f64>,
}

impl<'a> Context<'a> {
    /// What is known of the container `name` that runs `image`.
    pub fn new(name: &'a ContainerName, image: &'a str, images: &ImageSizes) -> Self {
        Self {
            namespace: &name.pod.namespace,
            pod: &name.pod.name,
            container: &name.container,
            image,
            image_bytes: images.get(image).map(|bytes| bytes as f64),
        }
    }
}

/// A window with its context.
pub struct View<'a> {
    window: &'a Window,
    /// What is known beside the metrics.
    pub context: Context<'a>,
}

impl<'a> View<'a> {
    pub(super) fn new(window: &'a Window, context: Context<'a>) -> Self {
        Self { window, context }
    }

    /// Time of the last sample.
    pub(super) fn last_time(&self) -> Option<Time> {
        self.window.samples().next_back().map(|last| last.time)
    }

    /// Seconds from the start to `time`.
    pub(super) fn age(&self, time: Option<Time>) -> f64 {
        time.and_then(|time| self.window.age(time)).unwrap_or(f64::NAN)
    }

    /// The last value there is.
    pub(super) fn last(&self, metric: Metric) -> f64 {
        self.points(metric).next_back().map_or(f64::NAN, |(_, value)| value)
    }

    /// The value at the end of the first minute.
    pub(super) fn startup(&self, metric: Metric) -> f64 {
        self.window.startup().map_or(f64::NAN, |values| values.get(metric))
    }

    /// What a counter grew by over the window; resets count from zero.
    pub(super) fn increase(&self, metric: Metric) -> f64 {
        self.steps(metric).map(|(_, increase)| increase).reduce(|sum, increase| sum + increase).unwrap_or(f64::NAN)
    }

    /// What a counter grew by a second over the window.
    pub(super) fn rate(&self, metric: Metric) -> f64 {
        let (seconds, increase) =
            self.steps(metric).fold((0.0, 0.0), |(s, i), (seconds, step)| (s + seconds, i + step));
        if seconds > 0.0 { increase / seconds } else { f64::NAN }
    }

    /// What a counter grew by a second between one sample and the next.
    pub(super) fn step_rates(&self, metric: Metric) -> impl Iterator<Item = f64> + Clone {
        self.steps(metric).map(|(seconds, increase)| increase / seconds)
    }

    /// Standard deviation of a counter's step rates over their mean; 0 where nothing happens, missing below two steps.
    pub(super) fn variability(&self, metric: Metric) -> f64 {
        let rates = self.step_rates(metric);
        let n = rates.clone().count() as f64;
        if n < 2.0 {
            return f64::NAN;
        }
        let mean = rates.clone().sum::<f64>() / n;
        let variance = rates.map(|rate| (rate - mean).powi(2)).sum::<f64>() / n;
        // Rates of equal steps differ in their last bits.
        if variance.sqrt() <= 1e-9 * mean { 0.0 } else { variance.sqrt() / mean }
    }

    /// The share of steps in which a counter stood still.
    pub(super) fn idle_share(&self, metric: Metric) -> f64 {
        let rates = self.step_rates(metric);
        let n = rates.clone().count();
        if n == 0 { f64::NAN } else { rates.filter(|rate| *rate <= 0.0).count() as f64 / n as f64 }
    }

    /// Last value less first.
    pub(super) fn difference(&self, metric: Metric) -> f64 {
        let mut points = self.points(metric);
        match (points.next(), points.next_back()) {
            (Some((_, first)), Some((_, last))) => last - first,
            _ => f64::NAN,
        }
    }

    /// What a gauge grew by a second, from the first value to the last.
    pub(super) fn growth(&self, metric: Metric) -> f64 {
        let mut points = self.points(metric);
        match (points.next(), points.next_back()) {
            (Some((from, first)), Some((to, last))) if to > from => (last - first) / (to - from),
            _ => f64::NAN,
        }
    }

    /// Bytes received and sent over the window.
    pub(super) fn traffic(&self) -> f64 {
        self.increase(Metric::RxBytes) + self.increase(Metric::TxBytes)
    }

    /// Java's `String.hashCode`: s[0]*31^(n-1) + ... + s[n-1] over UTF-16 units, wrapping.
    #[allow(clippy::unused_self, reason = "reads as the other features do")]
    pub(super) fn hash(&self, text: &str) -> f64 {
        f64::from(text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit))))
    }

    /// Seconds and values where the metric has one.
    fn points(&self, metric: Metric) -> impl DoubleEndedIterator<Item = (f64, f64)> + Clone {
        let value = move |s: &'a crate::sample::Sample| (s.time.millis() as f64 / 1000.0, s.values.get(metric));
        self.window.samples().map(value).filter(|(_, value)| !value.is_nan())
    }

    /// Seconds and increase from each value of a counter to the next.
    fn steps(&self, metric: Metric) -> impl Iterator<Item = (f64, f64)> + Clone {
        debug_assert_eq!(metric.kind(), Kind::Counter);
        let points = self.points(metric);
        points
            .clone()
            .zip(points.skip(1))
            .map(|((from, before), (to, after))| (to - from, if after >= before { after - before } else { after }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hash_as_in_java() {
        let window = Window::default();
        let view = View::new(&window, Context::default());
        // "Aa".hashCode() == "BB".hashCode() == 2112, and "nginx".hashCode() == 104760218 in Java.
        assert!((view.hash("Aa") - 2112.0).abs() < 0.5);
        assert!((view.hash("BB") - 2112.0).abs() < 0.5);
        let by_hand = "nginx".chars().fold(0_i64, |h, c| h * 31 + i64::from(u32::from(c)));
        assert!((view.hash("nginx") - by_hand as f64).abs() < 0.5);
    }
}
