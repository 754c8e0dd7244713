//! Where pods and samples come from. Every source gives the same events, each with the source's own time, so that a
//! recording drives the programs on the path that a live cluster does.

use crate::pod::PodEvent;
use crate::sample::{ContainerName, Sample};
use crate::time::Time;

pub mod lines;
pub mod objects;
pub mod recording;

/// Something that a source says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A pod is there, has changed or is gone.
    Pod(PodEvent),
    /// A container was measured.
    Sample(ContainerName, Sample),
}

/// An event with the time at which the source said it: the wall clock of a live cluster, the clock of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// When it was said.
    pub time: Time,
    /// What was said.
    pub event: Event,
}
