//! Other colours of bodies, floor and sky.
//!
//! For a strength beta, as in the Distracting Control Suite, every channel c of a material becomes a
//! uniform number of [max(0, c - beta), min(1, c + beta)], once an episode. That suite leaves
//! textures as they are and can only darken what has one. The DMControl Generalization Benchmark
//! (Hansen and Wang 2021, arXiv:2011.13389) gives floor and sky other colours, too, and so here every
//! channel of a texture is shifted by one uniform number of [-beta, beta], within [0, 1].
//!
//! Materials are numbers of the model. Textures lie on the graphics device: they are sent there
//! again once an episode, and drawing costs what it always does.

use rand::Rng;

use crate::dmc::physics::Physics;
use crate::dmc::randomize::uniform;
use crate::dmc::state::ModelField;
use crate::error::EnvError;

/// What is added to red, green and blue of a texture, in [-1, 1].
pub(in crate::dmc) type Shift = [f64; 3];

/// The colours of the materials without a texture, as the model has them.
#[derive(Debug, Default)]
pub(super) struct Materials {
    /// Places in `mat_rgba`, and what stands there.
    channels: Vec<(usize, f64)>,
}

impl Materials {
    pub(super) fn of(physics: &Physics) -> Self {
        let model = physics.model();
        let materials = model.mat_rgba().iter().zip(model.mat_texid()).enumerate();
        let plain = materials.filter(|(_, (_, textures))| textures.iter().all(|&id| id < 0));
        let channels = plain.flat_map(|(material, (rgba, _))| {
            let channel = move |channel: usize| (4 * material + channel, f64::from(rgba[channel]));
            (0..3).map(channel)
        });
        Self { channels: channels.collect() }
    }

    pub(super) fn draw(
        &self,
        strength: f64,
        physics: &mut Physics,
        rng: &mut dyn Rng,
    ) -> Result<(), EnvError> {
        for &(place, own) in &self.channels {
            let (low, high) = ((own - strength).max(0.0), (own + strength).min(1.0));
            physics.set_model(ModelField::MatRgba, place, uniform(rng, low, high))?;
        }
        Ok(())
    }
}

pub(super) fn texture_count(physics: &Physics) -> usize {
    physics.model().tex_type().len()
}

pub(super) fn draw_shift(strength: f64, rng: &mut dyn Rng) -> Shift {
    std::array::from_fn(|_| uniform(rng, -strength, strength))
}
