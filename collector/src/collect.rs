//! From a source's events to a training set: pods labelled, samples in windows, windows as rows of features.

use std::collections::HashMap;
use std::sync::Arc;

use common::dataset::Dataset;
use common::features::{Context, FeatureSet, extract};
use common::labels::{ClassList, LabelSource, label};
use common::pod::{ImageSizes, Pod, PodEvent};
use common::sample::{ContainerName, PodName, Sample};
use common::sources::{Event, Timed};
use common::window::{LONGEST, Pushed, Window};

/// What a training set is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The classes.
    pub classes: ClassList,
    /// Where labels come from.
    pub labels: Vec<LabelSource>,
    /// The columns.
    pub features: FeatureSet,
}

/// A container of a training pod.
struct Container {
    class: u16,
    group: u32,
    window: Window,
}

/// A container that is what it was: a pod of the same name is another one.
type Key = (Arc<str>, Arc<str>);

/// A training set in the making.
///
/// Windows are begun anew after [`LONGEST`] samples, so that the model learns what a container looks like at any age when
/// few samples are known, and not only what its first ones are like.
pub struct Collector {
    plan: Plan,
    images: ImageSizes,
    pods: HashMap<PodName, Pod>,
    containers: HashMap<Key, Option<Container>>,
    data: Dataset,
    /// Containers with samples that no label source knows.
    unlabelled: usize,
}

/// A training set, and what was left out of it.
#[derive(Debug)]
pub struct Collected {
    /// The rows.
    pub data: Dataset,
    /// Containers with samples that no label source knows.
    pub unlabelled: usize,
}

impl Collector {
    /// Begins an empty training set.
    pub fn new(plan: Plan) -> Self {
        let features = plan.features.features();
        let data = Dataset {
            columns: vec![Vec::new(); features.len()],
            features,
            classes: plan.classes.names().map(str::to_owned).collect(),
            ..Dataset::default()
        };
        let (pods, containers) = (HashMap::new(), HashMap::new());
        Self { plan, images: ImageSizes::default(), pods, containers, data, unlabelled: 0 }
    }

    /// Says which images the nodes hold, from here on.
    pub fn images(&mut self, images: &ImageSizes) {
        self.images = images.clone();
    }

    /// Takes what a source says.
    pub fn on(&mut self, timed: Timed) {
        match timed.event {
            Event::Pod(PodEvent::Applied(pod)) => {
                for container in &pod.containers {
                    let key = (Arc::clone(&pod.uid), Arc::clone(&container.name));
                    if let (Some(started), Some(Some(known))) = (container.started, self.containers.get_mut(&key)) {
                        known.window.started(started);
                    }
                }
                self.pods.insert(pod.name.clone(), pod);
            }
            Event::Pod(PodEvent::Deleted { name, uid }) => {
                if self.pods.get(&name).is_some_and(|pod| pod.uid == uid) {
                    self.pods.remove(&name);
                }
            }
            Event::Sample(name, sample) => self.sample(&name, sample),
        }
    }

    /// The training set.
    pub fn finish(self) -> Collected {
        Collected { data: self.data, unlabelled: self.unlabelled }
    }

    fn sample(&mut self, name: &ContainerName, sample: Sample) {
        let Some(pod) = self.pods.get(&name.pod) else { return };
        let Some(container) = pod.container(&name.container) else { return };
        let key = (Arc::clone(&pod.uid), Arc::clone(&container.name));
        let known = self.containers.entry(key).or_insert_with(|| {
            let Some(class) = label(&self.plan.classes, &self.plan.labels, pod, container) else {
                self.unlabelled += 1;
                return None;
            };
            let group = self.data.groups.len() as u32;
            self.data.groups.push(format!("{}/{}/{}", pod.name, pod.uid, container.name));
            Some(Container { class, group, window: Window::begin(container.started) })
        });
        let Some(known) = known else { return };
        if known.window.len() == LONGEST {
            known.window = Window::begin(container.started);
        }
        if matches!(known.window.push(sample), Pushed::Repeated | Pushed::TooOld) {
            return;
        }
        let context = Context::new(name, &container.image, &self.images);
        let row = extract(&known.window, context, self.plan.features.positions());
        for (column, value) in self.data.columns.iter_mut().zip(row) {
            column.push(value);
        }
        self.data.class.push(known.class);
        self.data.group.push(known.group);
        self.data.window.push(known.window.len() as u8);
    }
}
