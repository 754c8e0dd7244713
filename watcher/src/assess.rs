//! Which pods are followed and what is to be said of them: pure, driven by events and their clock.
//!
//! A task is one container of one pod, from the moment the pod is recognised until its type is settled. A task whose
//! metrics do not come is said to have timed out, once; it is answered all the same when they come later.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use common::features::Context;
use common::pod::{ImageSizes, Pod, PodEvent};
use common::sample::{ContainerName, PodName, Sample};
use common::sources::{Event, Timed};
use common::time::Time;
use common::verdict::{Assessment, Judge, Verdict};

/// Something to say, and of whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Saying {
    /// When, by the source's clock.
    pub time: Time,
    /// The pod.
    pub pod: PodName,
    /// Which one of that name.
    pub uid: Arc<str>,
    /// What.
    pub what: What,
}

/// What there is to say of a pod.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// It is new.
    Recognized,
    /// The type of a container is being found out from now on.
    Running {
        /// The container.
        container: Arc<str>,
    },
    /// An answer, a changed answer or the settled one.
    Classified {
        /// The container.
        container: Arc<str>,
        /// The answer.
        verdict: Verdict,
        /// Milliseconds since the container ran and was known.
        millis: i64,
    },
    /// A container's type is settled.
    Finished {
        /// The container.
        container: Arc<str>,
    },
    /// No metrics of a container have come in time.
    TimedOut {
        /// The container.
        container: Arc<str>,
        /// The time that it had, in milliseconds.
        millis: i64,
    },
    /// The pod is gone.
    Deleted,
}

struct Task {
    assessment: Assessment,
    /// When the container was known to run, which is when its time-out began.
    running: Option<Time>,
}

struct Followed {
    pod: Pod,
    tasks: HashMap<Arc<str>, Task>,
}

/// The pods that are followed.
pub struct Follower {
    pods: HashMap<PodName, Followed>,
    images: ImageSizes,
    timeout_millis: i64,
    /// Tasks that wait for their first sample, by the time at which they time out.
    deadlines: BTreeSet<(Time, ContainerName)>,
}

impl Follower {
    /// Follows nothing yet. A container whose first sample takes longer than `timeout_millis` is said to have timed out.
    pub fn new(images: ImageSizes, timeout_millis: i64) -> Self {
        Self { pods: HashMap::new(), images, timeout_millis, deadlines: BTreeSet::new() }
    }

    /// How many pods are followed.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// True when no pod is followed.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// Takes what a source said and gives what there is to say of it.
    pub fn on(&mut self, judge: &Judge, timed: Timed) -> Vec<Saying> {
        let Timed { time, event } = timed;
        let mut sayings = self.on_time(time);
        match event {
            Event::Pod(PodEvent::Applied(pod)) => self.applied(time, pod, &mut sayings),
            Event::Pod(PodEvent::Deleted { name, uid }) => self.deleted(time, &name, &uid, &mut sayings),
            Event::Sample(name, sample) => self.measured(judge, time, &name, sample, &mut sayings),
        }
        sayings
    }

    /// Says which tasks have timed out by now.
    pub fn on_time(&mut self, now: Time) -> Vec<Saying> {
        let mut sayings = Vec::new();
        while let Some((deadline, name)) = self.deadlines.pop_first() {
            if deadline > now {
                self.deadlines.insert((deadline, name));
                break;
            }
            if let Some(followed) = self.pods.get(&name.pod) {
                let what = What::TimedOut { container: name.container, millis: self.timeout_millis };
                sayings.push(saying(now, &followed.pod, what));
            }
        }
        sayings
    }

    fn applied(&mut self, now: Time, pod: Pod, sayings: &mut Vec<Saying>) {
        let known = self.pods.get(&pod.name).map(|followed| Arc::clone(&followed.pod.uid));
        if let Some(uid) = known.filter(|uid| *uid != pod.uid) {
            // The old pod of this name is gone; its deletion was missed.
            self.deleted(now, &pod.name, &uid, sayings);
        }
        if pod.ended {
            let (name, uid) = (pod.name.clone(), Arc::clone(&pod.uid));
            self.deleted(now, &name, &uid, sayings);
            return;
        }
        let followed = self.pods.entry(pod.name.clone()).or_insert_with(|| {
            sayings.push(saying(now, &pod, What::Recognized));
            Followed { pod: pod.clone(), tasks: HashMap::new() }
        });
        for container in &pod.containers {
            let task = followed.tasks.entry(Arc::clone(&container.name)).or_insert_with(|| {
                sayings.push(saying(now, &pod, What::Running { container: Arc::clone(&container.name) }));
                Task { assessment: Assessment::default(), running: None }
            });
            let Some(started) = container.started else { continue };
            task.assessment.started(started);
            if task.running.is_none() {
                task.running = Some(now.max(started));
                if task.assessment.verdict().is_none() {
                    let name = ContainerName { pod: pod.name.clone(), container: Arc::clone(&container.name) };
                    self.deadlines.insert((now.plus_millis(self.timeout_millis), name));
                }
            }
        }
        followed.pod = pod;
    }

    fn deleted(&mut self, now: Time, name: &PodName, uid: &Arc<str>, sayings: &mut Vec<Saying>) {
        if self.pods.get(name).is_none_or(|followed| followed.pod.uid != *uid) {
            return;
        }
        if let Some(followed) = self.pods.remove(name) {
            self.deadlines.retain(|(_, task)| task.pod != *name);
            sayings.push(saying(now, &followed.pod, What::Deleted));
        }
    }

    fn measured(&mut self, judge: &Judge, now: Time, name: &ContainerName, sample: Sample, sayings: &mut Vec<Saying>) {
        let Some(followed) = self.pods.get_mut(&name.pod) else { return };
        let (Some(container), Some(task)) =
            (followed.pod.container(&name.container), followed.tasks.get_mut(&name.container))
        else {
            return;
        };
        let context = Context {
            namespace: &name.pod.namespace,
            pod: &name.pod.name,
            container: &name.container,
            image: &container.image,
            image_bytes: self.images.get(&container.image).map(|bytes| bytes as f64),
        };
        let first = task.assessment.verdict().is_none();
        let Some(verdict) = task.assessment.observe(judge, context, sample) else { return };
        let running = *task.running.get_or_insert(now);
        if first {
            self.deadlines.remove(&(running.plus_millis(self.timeout_millis), name.clone()));
            self.deadlines.retain(|(_, task)| task != name);
        }
        let settled = verdict.settled;
        let container = &name.container;
        let millis = now.millis() - running.millis();
        sayings.push(saying(
            now,
            &followed.pod,
            What::Classified { container: Arc::clone(container), verdict, millis },
        ));
        if settled {
            sayings.push(saying(now, &followed.pod, What::Finished { container: Arc::clone(container) }));
        }
    }
}

fn saying(time: Time, pod: &Pod, what: What) -> Saying {
    Saying { time, pod: pod.name.clone(), uid: Arc::clone(&pod.uid), what }
}
