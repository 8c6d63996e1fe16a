//! Point mass: a ball pushed about a square floor comes to the target in its middle.

use rand::Rng;

use super::geometry::{between, length};
use super::model::Model;
use super::physics::Physics;
use super::randomize::{normal, randomize_joints};
use super::rewards::{Sigmoid, Tolerance};
use super::state::ModelField;
use super::task::{Detail, Parts, Task, TaskEntry};
use crate::error::EnvError;

const EASY: TaskEntry = TaskEntry {
    domain: "point_mass",
    name: "easy",
    model: Model::File("point_mass.xml"),
    time_limit: 20.0,
    control_timestep: None,
    action_repeat: 4,
    camera: 0,
    reduced: Detail { shadow_map: 256, rings: 4 },
    rules: |physics| PointMass::rules(physics, Pushes::AlongAxes),
};

pub(super) const TASKS: &[TaskEntry] = &[
    EASY,
    TaskEntry { name: "hard", rules: |physics| PointMass::rules(physics, Pushes::Drawn), ..EASY },
];

const SMALL_CONTROL: Tolerance =
    Tolerance::exactly(0.0).with_margin(1.0).falling(Sigmoid::Quadratic, 0.0);

/// Where the two controls push.
#[derive(Clone, Copy, Debug)]
enum Pushes {
    AlongAxes,
    /// In directions that each reset draws.
    Drawn,
}

#[derive(Debug)]
struct PointMass {
    pushes: Pushes,
    /// For the mass's distance from the middle of the target.
    near: Tolerance,
    /// Geoms.
    mass: usize,
    target: usize,
}

impl PointMass {
    fn rules(physics: &Physics, pushes: Pushes) -> Result<Box<dyn Task>, EnvError> {
        let (mass, target) = (physics.geom("pointmass")?, physics.geom("target")?);
        let size = physics.model().geom_size()[target][0];
        let near = Tolerance::within(0.0, size).with_margin(size);
        Ok(Box::new(Self { pushes, near, mass, target }))
    }

    /// Metres from the mass to the middle of the target.
    fn distance(&self, physics: &Physics) -> f64 {
        let positions = physics.data().geom_xpos();
        length(&between(positions[self.mass], positions[self.target]))
    }
}

/// A uniform direction of the plane.
fn direction(rng: &mut dyn Rng) -> [f64; 2] {
    let (x, y) = (normal(rng), normal(rng));
    let norm = x.hypot(y);
    [x / norm, y / norm]
}

/// Two directions that are not almost parallel.
fn directions(rng: &mut dyn Rng) -> [[f64; 2]; 2] {
    let first = direction(rng);
    loop {
        let second = direction(rng);
        if (first[0] * second[0] + first[1] * second[1]).abs() <= 0.9 {
            return [first, second];
        }
    }
}

impl Task for PointMass {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        randomize_joints(physics, rng);
        if let Pushes::Drawn = self.pushes {
            // Each control pulls a tendon, which moves both joints by its coefficients.
            for (index, &coefficient) in directions(rng).as_flattened().iter().enumerate() {
                physics.set_model(ModelField::WrapPrm, index, coefficient)?;
            }
        }
        Ok(())
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        part("position", physics.data().qpos());
        part("velocity", physics.data().qvel());
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let controls = physics.data().ctrl();
        let small = controls.iter().map(|&control| SMALL_CONTROL.of(control));
        let small_control = (small.sum::<f64>() / controls.len() as f64 + 4.0) / 5.0;
        self.near.of(self.distance(physics)) * small_control
    }
}
