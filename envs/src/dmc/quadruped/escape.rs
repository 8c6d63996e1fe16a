//! The way out of a bowl with bumpy ground.

use std::ops::Range;

use mujoco_rs::prelude::*;
use rand::Rng;

use super::Body;
use super::terrain::bumpy_bowl;
use crate::dmc::geometry::{length, seen_from};
use crate::dmc::physics::Physics;
use crate::dmc::randomize::uniform_rotation;
use crate::dmc::rewards::{Sigmoid, Tolerance, upright_within};
use crate::dmc::task::{Parts, Task};
use crate::error::EnvError;

/// Metres from bump to bump.
const BUMP_SIZE: f64 = 2.0;
/// What a range finder reads that finds nothing.
const NOTHING: f64 = -1.0;

#[derive(Debug)]
pub(super) struct Escape {
    body: Body,
    upright: Tolerance,
    /// For the distance from the middle.
    outside: Tolerance,
    /// A site before the body.
    workspace: usize,
    /// The range finders' places in `sensordata`.
    ranges: Range<usize>,
    /// Points of a side of the height field, and bumps of a side.
    side: usize,
    n_bumps: usize,
}

impl Escape {
    pub(super) fn rules(physics: &Physics) -> Result<Box<dyn Task>, EnvError> {
        let (size, side) = terrain(physics.model())?;
        Ok(Box::new(Self {
            body: Body::new(physics)?,
            upright: upright_within(20.0),
            outside: Tolerance::at_least(size).with_margin(size).falling(Sigmoid::Linear, 0.0),
            workspace: physics.site("workspace")?,
            ranges: physics.sensor("rf_00")?.start..physics.sensor("rf_34")?.end,
            side,
            n_bumps: (2.0 * size / BUMP_SIZE) as usize,
        }))
    }
}

/// Half of the width of the model's square height field in metres, and the points of a side.
fn terrain(model: &MjModel) -> Result<(f64, usize), EnvError> {
    match (model.hfield_size(), model.hfield_nrow(), model.hfield_ncol()) {
        (&[[size, ..]], &[rows], &[columns]) if rows == columns => Ok((size, rows as usize)),
        _ => Err(EnvError::MissingName { kind: "square height field", name: "terrain".to_owned() }),
    }
}

impl Task for Escape {
    fn reset(&self, physics: &mut Physics, rng: &mut dyn Rng) -> Result<(), EnvError> {
        physics.set_heights(&bumpy_bowl(self.side, self.n_bumps, rng))?;
        self.body.place(physics, [0.0, 0.0], uniform_rotation(rng))
    }

    fn observe(&self, physics: &Physics, part: &mut Parts<'_>) {
        self.body.observe(physics, part);
        let data = physics.data();
        let [x, y, z] = data.xpos()[self.body.torso];
        part("origin", &seen_from(&data.xmat()[self.body.torso], [-x, -y, -z]));
        let scaled = |&range: &f64| if range == NOTHING { 1.0 } else { range.tanh() };
        let ranges: Vec<f64> = data.sensordata()[self.ranges.clone()].iter().map(scaled).collect();
        part("rangefinder", &ranges);
    }

    fn reward(&self, physics: &Physics) -> f64 {
        let distance = length(&physics.data().site_xpos()[self.workspace]);
        self.upright.of(self.body.uprightness(physics)) * self.outside.of(distance)
    }
}
