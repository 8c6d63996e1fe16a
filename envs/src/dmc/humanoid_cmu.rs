//! Humanoid_CMU: the body that recordings of human motion were fitted to stands up, walks and runs,
//! by the rules of `humanoid`.

use super::humanoid::{Goal, Humanoid, Names, Observation, RUN, WALK};
use super::model::Model;
use super::task::{Detail, TaskEntry};

const STAND: TaskEntry = TaskEntry {
    domain: "humanoid_CMU",
    name: "stand",
    model: Model::File("humanoid_CMU.xml"),
    time_limit: 20.0,
    control_timestep: Some(0.02),
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 2048, rings: 8 },
    rules: |physics| Humanoid::rules(physics, &NAMES, Goal::Stand, Observation::Features),
};

pub(super) const TASKS: &[TaskEntry] = &[
    STAND,
    TaskEntry {
        name: "walk",
        rules: |physics| Humanoid::rules(physics, &NAMES, WALK, Observation::Features),
        ..STAND
    },
    TaskEntry {
        name: "run",
        rules: |physics| Humanoid::rules(physics, &NAMES, RUN, Observation::Features),
        ..STAND
    },
];

/// The y axes of this model's bodies point up.
const NAMES: Names = Names {
    trunk: "thorax",
    trunk_up: 7,
    trunk_velocity: "thorax_subtreelinvel",
    extremities: ["lhand", "lfoot", "rhand", "rfoot"],
};
