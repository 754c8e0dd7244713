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
    /// When the container was known to run.
    running: Option<Time>,
    /// When it times out, while its first sample is waited for.
    deadline: Option<Time>,
}

struct Followed {
    pod: Pod,
    tasks: HashMap<Arc<str>, Task>,
}

/// Which namespaces are watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Only these; empty for all.
    pub only: Vec<String>,
    /// Never these.
    pub except: Vec<String>,
}

impl Namespaces {
    fn include(&self, namespace: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == namespace);
        (self.only.is_empty() || named(&self.only)) && !named(&self.except)
    }
}

/// The pods that are followed.
pub struct Follower {
    pods: HashMap<PodName, Followed>,
    namespaces: Namespaces,
    images: ImageSizes,
    timeout_millis: i64,
    /// Tasks that wait for their first sample, by the time at which they time out.
    deadlines: BTreeSet<(Time, ContainerName)>,
}

impl Follower {
    /// Follows nothing yet, and later only pods of `namespaces`. A container whose first sample takes longer than `timeout_millis` is said to have timed out.
    pub fn new(namespaces: Namespaces, images: ImageSizes, timeout_millis: i64) -> Self {
        Self { pods: HashMap::new(), namespaces, images, timeout_millis, deadlines: BTreeSet::new() }
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
        if !self.namespaces.include(&pod.name.namespace) {
            return;
        }
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
                Task { assessment: Assessment::default(), running: None, deadline: None }
            });
            let Some(started) = container.started else { continue };
            task.assessment.started(started);
            if task.running.is_none() {
                task.running = Some(now.max(started));
                if task.assessment.verdict().is_none() {
                    let name = ContainerName { pod: pod.name.clone(), container: Arc::clone(&container.name) };
                    let deadline = now.plus_millis(self.timeout_millis);
                    task.deadline = Some(deadline);
                    self.deadlines.insert((deadline, name));
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
        let context = Context::new(name, &container.image, &self.images);
        let Some(verdict) = task.assessment.observe(judge, context, sample) else { return };
        let running = *task.running.get_or_insert(now);
        if let Some(deadline) = task.deadline.take() {
            self.deadlines.remove(&(deadline, name.clone()));
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use common::dataset::Feature;
    use common::model::{Engine, Model, ModelParts, TrainingFacts};
    use common::pod::Container;
    use common::sample::{Metric, Values};
    use common::tree::{Node, Tree};

    use super::*;

    /// Says `small` below 10 MiB of anonymous memory, else `large`.
    fn judge() -> Judge {
        let split = Node::Split { feature: 0, threshold: 1e7, missing_left: true, left: 1, right: 2 };
        let leaf = |weights: [u32; 2]| Node::Leaf { weights: weights.to_vec() };
        let nodes = vec![split, leaf([9000, 0]), leaf([0, 9000])];
        let parts = ModelParts {
            engine: Engine::Podprint,
            classes: vec!["small".into(), "large".into()],
            features: vec![Feature { name: "memory_rss_bytes".into(), unit: "B".into() }],
            scaling: None,
            trees: vec![Tree::from_nodes(nodes, 1, 2).unwrap()],
            facts: TrainingFacts { pods: vec![9, 9], samples: vec![9, 9], importance: vec![1.0], ..Default::default() },
        };
        Judge::new(Model::new(parts).unwrap()).unwrap()
    }

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    fn pod(name: &str, uid: &str, started: Option<i64>) -> Pod {
        Pod {
            name: PodName::checked("shop", name).unwrap(),
            uid: uid.into(),
            labels: BTreeMap::new(),
            containers: vec![Container {
                name: "app".into(),
                image: "x".into(),
                started: started.map(at),
                restarts: 0,
            }],
            ended: false,
        }
    }

    fn applied(seconds: i64, name: &str, uid: &str, started: Option<i64>) -> Timed {
        Timed { time: at(seconds), event: Event::Pod(PodEvent::Applied(pod(name, uid, started))) }
    }

    fn deleted(seconds: i64, name: &str, uid: &str) -> Timed {
        let name = PodName::checked("shop", name).unwrap();
        Timed { time: at(seconds), event: Event::Pod(PodEvent::Deleted { name, uid: uid.into() }) }
    }

    fn sample(seconds: i64, name: &str, memory: f64) -> Timed {
        let mut values = Values::default();
        values.set(Metric::MemoryRss, memory);
        let name = ContainerName { pod: PodName::checked("shop", name).unwrap(), container: "app".into() };
        Timed { time: at(seconds), event: Event::Sample(name, Sample { time: at(seconds), values }) }
    }

    /// What is said, one word each: `+pod`, `type@samples` (`!` when settled), `timeout`, `-pod`.
    #[track_caller]
    fn check(namespaces: Namespaces, events: Vec<Timed>, expected: &[&str]) {
        let judge = judge();
        let mut follower = Follower::new(namespaces, ImageSizes::default(), 60_000);
        let mut said = Vec::new();
        for event in events {
            said.extend(follower.on(&judge, event).into_iter().filter_map(|saying| match saying.what {
                What::Recognized => Some(format!("+{}", saying.pod.name)),
                What::Classified { verdict, .. } => {
                    Some(format!("{}@{}{}", verdict.pod_type, verdict.samples, if verdict.settled { "!" } else { "" }))
                }
                What::TimedOut { .. } => Some("timeout".to_owned()),
                What::Deleted => Some(format!("-{}", saying.pod.name)),
                What::Running { .. } | What::Finished { .. } => None,
            }));
        }
        assert_eq!(said, expected);
    }

    #[test]
    fn a_verdict_is_said_first_when_it_changes_and_when_it_settles() {
        let mut events = vec![applied(0, "a", "1", Some(0))];
        events.extend((1..=9).map(|i| sample(i * 10, "a", if i == 1 { 1e6 } else { 1e8 })));
        // After two samples both classes are as probable, and the first is said still.
        check(Namespaces::default(), events, &["+a", "small@1", "large@3", "large@6!"]);
    }

    #[test]
    fn a_pod_that_is_announced_again_is_not_recognized_again() {
        let events = vec![applied(0, "a", "1", None), applied(5, "a", "1", Some(4)), applied(9, "a", "1", Some(4))];
        check(Namespaces::default(), events, &["+a"]);
    }

    #[test]
    fn a_pod_of_the_same_name_is_another_one() {
        let events =
            vec![applied(0, "a", "1", None), applied(5, "a", "2", None), deleted(6, "a", "1"), deleted(7, "a", "2")];
        check(Namespaces::default(), events, &["+a", "-a", "+a", "-a"]);
    }

    #[test]
    fn the_timeout_runs_from_the_containers_start_and_a_late_sample_is_answered() {
        let pending = applied(0, "a", "1", None);
        let events =
            vec![pending, applied(100, "b", "2", None), applied(101, "a", "1", Some(101)), sample(170, "a", 1e6)];
        check(Namespaces::default(), events, &["+a", "+b", "timeout", "small@1"]);
    }

    #[test]
    fn a_deleted_pod_does_not_time_out() {
        let events = vec![applied(0, "a", "1", Some(0)), deleted(10, "a", "1"), applied(100, "b", "2", None)];
        check(Namespaces::default(), events, &["+a", "-a", "+b"]);
    }

    #[test]
    fn a_sample_of_a_pod_that_nobody_announced_says_nothing() {
        check(Namespaces::default(), vec![sample(10, "ghost", 1e6)], &[]);
    }

    #[test]
    fn namespaces_can_be_chosen_and_left_out() {
        let one = |only: &[&str], except: &[&str]| Namespaces {
            only: only.iter().map(ToString::to_string).collect(),
            except: except.iter().map(ToString::to_string).collect(),
        };
        let events = || vec![applied(0, "a", "1", None)];
        check(one(&["shop"], &[]), events(), &["+a"]);
        check(one(&["bank"], &[]), events(), &[]);
        check(one(&["shop"], &["shop"]), events(), &[]);
    }
}
