//! What a domain defines for each of its tasks.

use std::fmt::Debug;

use rand::Rng;

use super::model::Model;
use super::physics::Physics;
use crate::error::EnvError;

/// Receives the parts of an observation by name, in order.
pub(super) type Parts<'a> = dyn FnMut(&'static str, &[f64]) + 'a;

/// The rules of a task. What a reset writes into the model it writes through
/// [`Physics::set_model`], so that it is saved with the state.
pub(super) trait Task: Debug {
    /// Draws a start. The simulation stands at the model's own start before, and what follows from
    /// the positions is computed after.
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError>;

    /// Names and hands over the parts of the observation.
    fn observe(&self, physics: &Physics, part: &mut Parts<'_>);

    /// The reward of the present state, in [0, 1] unless the domain says otherwise.
    fn reward(&self, physics: &Physics) -> f64;

    /// Whether the present state ends the episode for good.
    fn terminated(&self, _physics: &Physics) -> bool {
        false
    }
}

/// How much detail reduced pictures have: the cheapest that kept 42 dB in 200 states of whole
/// episodes, 2 dB more than they promise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detail {
    /// Side of the shadow map, in texels; the suite's models ask for 2048. Where the camera looks
    /// along the ground, a row of pixels is so deep that the least shift of a shadow's edge darkens
    /// or lights all of it.
    pub shadow_map: i32,
    /// Rings of round bodies; MuJoCo's default is 16.
    pub rings: i32,
}

/// One row of the suite's table.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskEntry {
    /// The original's name of the domain, such as `ball_in_cup`.
    pub domain: &'static str,
    /// The original's name of the task, such as `catch`, without the number of the model's parts.
    pub name: &'static str,
    pub model: Model,
    /// Seconds of an episode, infinite where it has no limit.
    pub time_limit: f64,
    /// Seconds of an env step, or one simulation step.
    pub control_timestep: Option<f64>,
    pub action_repeat: u64,
    /// Camera of the pictures.
    pub camera: usize,
    /// Detail of reduced pictures.
    pub reduced: Detail,
    /// Looks up what the rules need in the model.
    pub rules: fn(&Physics) -> Result<Box<dyn Task>, EnvError>,
}

impl TaskEntry {
    /// Canonical id, such as `dmc:ball_in_cup-catch` or `dmc:swimmer-swimmer6`.
    pub fn id(&self) -> String {
        let parts = match self.model {
            Model::File(_) | Model::Edited(..) => String::new(),
            Model::OfParts(.., parts) => parts.to_string(),
        };
        format!("dmc:{}-{}{parts}", self.domain, self.name)
    }
}
