//! Cart-pole: a cart on a rail swings up the pole that hangs from it, or a chain of poles, and
//! balances it.

use std::f64::consts::PI;

use rand::Rng;

use super::model::{Model, Tree, append, element, set};
use super::physics::Physics;
use super::randomize::{normal, uniform};
use super::rewards::{Sigmoid, Tolerance};
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const SWINGUP: TaskEntry = TaskEntry {
    domain: "cartpole",
    name: "swingup",
    model: Model::File("cartpole.xml"),
    time_limit: 10.0,
    control_timestep: None,
    action_repeat: 8,
    camera: 0,
    reduced: Detail { shadow_map: 512, rings: 4 },
    rules: |physics| Cartpole::rules(physics, Start::Hanging, Reward::Smooth),
};

/// What the tasks have in common that the paper does not list.
const OTHER: TaskEntry = TaskEntry { action_repeat: 4, ..SWINGUP };

pub(super) const TASKS: &[TaskEntry] = &[
    TaskEntry {
        name: "balance",
        rules: |physics| Cartpole::rules(physics, Start::Upright, Reward::Smooth),
        ..OTHER
    },
    TaskEntry {
        name: "balance_sparse",
        rules: |physics| Cartpole::rules(physics, Start::Upright, Reward::Sparse),
        ..OTHER
    },
    SWINGUP,
    TaskEntry {
        name: "swingup_sparse",
        rules: |physics| Cartpole::rules(physics, Start::Hanging, Reward::Sparse),
        ..OTHER
    },
    TaskEntry {
        name: "two_poles",
        model: Model::Edited("cartpole.xml", |tree| chain_poles(tree, 2)),
        ..OTHER
    },
    TaskEntry {
        name: "three_poles",
        model: Model::Edited("cartpole.xml", |tree| chain_poles(tree, 3)),
        ..OTHER
    },
];

const CENTERED: Tolerance = Tolerance::exactly(0.0).with_margin(2.0);
const SMALL_CONTROL: Tolerance =
    Tolerance::exactly(0.0).with_margin(1.0).falling(Sigmoid::Quadratic, 0.0);
const SMALL_VELOCITY: Tolerance = Tolerance::exactly(0.0).with_margin(5.0);
const NEAR_THE_MIDDLE: Tolerance = Tolerance::within(-0.25, 0.25);
const NEARLY_UPRIGHT: Tolerance = Tolerance::within(0.995, 1.0);

/// Chains poles on top of the first, and moves floor and cameras out of their way.
fn chain_poles(tree: &mut Tree, poles: i32) -> Result<(), EnvError> {
    let mut parent = tree.named("body", "pole_1")?;
    for pole in 2..=poles {
        let name = format!("pole_{pole}");
        let attributes = [("name", name.as_str()), ("pos", "0 0 1"), ("childclass", "pole")];
        parent = append(parent, element("body", &attributes));
        append(parent, element("joint", &[("name", &format!("hinge_{pole}"))]));
        append(parent, element("geom", &[("name", &name)]));
    }
    let poles = f64::from(poles);
    set(tree.named("geom", "floor")?, "pos", format!("0 0 {}", 0.95 - poles));
    set(tree.named("camera", "fixed")?, "pos", format!("0 {} 1", -1.0 - 2.0 * poles));
    set(tree.named("camera", "lookatcart")?, "pos", format!("0 {} 2", -2.0 * poles));
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Start {
    Hanging,
    /// Within 2 degrees of upright.
    Upright,
}

#[derive(Clone, Copy, Debug)]
enum Reward {
    Smooth,
    Sparse,
}

#[derive(Debug)]
struct Cartpole {
    start: Start,
    reward: Reward,
    /// The first pole's body; the others follow it.
    first_pole: usize,
}

/// The cart's place in `qpos`; the poles' angles follow it.
const SLIDER: usize = 0;

impl Cartpole {
    fn rules(physics: &Physics, start: Start, reward: Reward) -> Result<Box<dyn Task>, EnvError> {
        Ok(Box::new(Self { start, reward, first_pole: physics.body("pole_1")? }))
    }

    /// Rotations of the poles.
    fn poles<'a>(&self, physics: &'a Physics) -> &'a [[f64; 9]] {
        &physics.data().xmat()[self.first_pole..]
    }

    /// Cosines of the poles' angles from upright.
    fn cosines(&self, physics: &Physics) -> impl Iterator<Item = f64> + Clone {
        self.poles(physics).iter().map(|rotation| rotation[8])
    }

    fn smooth_reward(&self, physics: &Physics) -> f64 {
        let data = physics.data();
        let cosines = self.cosines(physics);
        let count = self.poles(physics).len() as f64;
        let upright = cosines.map(|cosine| (cosine + 1.0) / 2.0).sum::<f64>() / count;
        let centered = (1.0 + CENTERED.of(data.qpos()[SLIDER])) / 2.0;
        let small_control = (4.0 + SMALL_CONTROL.of(data.ctrl()[0])) / 5.0;
        let slow = data.qvel()[1..].iter().map(|&velocity| SMALL_VELOCITY.of(velocity));
        let small_velocity = (1.0 + slow.fold(1.0, f64::min)) / 2.0;
        upright * small_control * small_velocity * centered
    }

    fn sparse_reward(&self, physics: &Physics) -> f64 {
        let upright: f64 = self.cosines(physics).map(|cosine| NEARLY_UPRIGHT.of(cosine)).product();
        NEAR_THE_MIDDLE.of(physics.data().qpos()[SLIDER]) * upright
    }
}

impl Task for Cartpole {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        let data = physics.data_mut();
        let qpos = data.qpos_mut();
        match self.start {
            Start::Hanging => {
                qpos[SLIDER] = 0.01 * normal(rng);
                qpos[1] = PI + 0.01 * normal(rng);
                qpos[2..].fill_with(|| 0.1 * normal(rng));
            }
            Start::Upright => {
                qpos[SLIDER] = uniform(rng, -0.1, 0.1);
                qpos[1..].fill_with(|| uniform(rng, -0.034, 0.034));
            }
        }
        data.qvel_mut().fill_with(|| 0.01 * normal(rng));
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        let mut position = vec![physics.data().qpos()[SLIDER]];
        position.extend(self.poles(physics).iter().flat_map(|rotation| [rotation[8], rotation[2]]));
        part("position", &position);
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        match self.reward {
            Reward::Smooth => self.smooth_reward(physics),
            Reward::Sparse => self.sparse_reward(physics),
        }
    }
}
