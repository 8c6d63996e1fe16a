//! LQR: a chain of bodies on springs, some of them driven, is brought to rest: a linear system with
//! quadratic costs, whose best controls are known.
//!
//! What the original has of its own, and so this has too:
//! - [`Dmc::make`](super::Dmc::make) sets an episode no time limit. It ends where everything is at
//!   rest in its place.
//! - Rewards are at most 1, and without a lower bound.
//! - The motors have no limits, so that an action of 1 means MuJoCo's largest number, 1e10 N.
//!
//! What differs:
//! - The original draws the springs' stiffness when the environment is made; here each reset draws
//!   it, from the same distribution, since the caller's stream is the only source of random numbers.
//! - What [`make`](crate::make) makes, for training and evaluation, is cut at 1000 env steps, as
//!   the authors' code has it by dmc2gym: hardly any agent brings everything to rest, so that an
//!   episode would never end. The end counts as a time limit, after which values are bootstrapped.

use rand::Rng;

use super::geometry::length;
use super::model::{Model, Tree, append, element};
use super::physics::Physics;
use super::randomize::{normal, uniform};
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const LQR_2_1: TaskEntry = TaskEntry {
    domain: "lqr",
    name: "lqr_2_1",
    model: Model::Edited("lqr.xml", |tree| chain_bodies(tree, 2, 1)),
    time_limit: f64::INFINITY,
    control_timestep: None,
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 256, rings: 16 },
    rules: |_| Ok(Box::new(Lqr)),
};

pub(super) const TASKS: &[TaskEntry] = &[
    LQR_2_1,
    TaskEntry {
        name: "lqr_6_2",
        model: Model::Edited("lqr.xml", |tree| chain_bodies(tree, 6, 2)),
        ..LQR_2_1
    },
];

const CONTROL_COST: f64 = 0.1;
/// The state's norm below which the system is at rest.
const AT_REST: f64 = 1e-6;
/// Newtons per metre of each body's spring.
const STIFFNESS: [f64; 2] = [15.0, 25.0];

/// Chains bodies, each on a spring, and drives the first of them. Tendons show what hangs together;
/// they pull at nothing.
fn chain_bodies(tree: &mut Tree, bodies: usize, driven: usize) -> Result<(), EnvError> {
    let stiffness = STIFFNESS[0].to_string();
    let mut parent = tree.at(&["worldbody"])?;
    for body in 0..bodies {
        let place = if body == 0 { ".25 0 .1" } else { ".25 0 0" };
        parent =
            append(parent, element("body", &[("name", &format!("body_{body}")), ("pos", place)]));
        let joint = format!("joint_{body}");
        append(parent, element("joint", &[("name", &joint), ("stiffness", &stiffness)]));
        append(parent, element("geom", &[("name", &format!("geom_{body}"))]));
        append(parent, element("site", &[("name", &format!("site_{body}"))]));
    }
    let root = tree.at(&[])?;
    let actuator = append(root, element("actuator", &[]));
    for body in 0..driven {
        let (name, joint) = (format!("motor_{body}"), format!("joint_{body}"));
        append(actuator, element("motor", &[("name", &name), ("joint", &joint)]));
    }
    let tendon = append(root, element("tendon", &[]));
    for body in 1..bodies {
        let name = format!("tendon_{}", body - 1);
        let spatial = append(tendon, element("spatial", &[("name", &name)]));
        for site in [body - 1, body] {
            append(spatial, element("site", &[("site", &format!("site_{site}"))]));
        }
    }
    Ok(())
}

/// Half of a vector's squared length.
fn cost(vector: &[f64]) -> f64 {
    0.5 * vector.iter().map(|component| component * component).sum::<f64>()
}

#[derive(Debug)]
struct Lqr;

impl Task for Lqr {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        let [low, high] = STIFFNESS;
        for joint in 0..physics.model().jnt_stiffness().len() {
            physics.set_model(ModelField::JntStiffness, joint, uniform(rng, low, high))?;
        }
        // In any direction, but all equally far.
        let qpos = physics.data_mut().qpos_mut();
        qpos.fill_with(|| normal(rng));
        let scale = 2f64.sqrt() / length(qpos);
        qpos.iter_mut().for_each(|position| *position *= scale);
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        part("position", physics.data().qpos());
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let data = physics.data();
        1.0 - (cost(data.qpos()) + cost(data.ctrl()) * CONTROL_COST)
    }

    fn terminated(&self, physics: &Physics) -> bool {
        let data = physics.data();
        length(&[length(data.qpos()), length(data.qvel())]) < AT_REST
    }
}
