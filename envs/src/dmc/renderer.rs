//! Pictures, drawn off screen through EGL.

use mujoco_rs::mujoco_c::mjtVisFlag;
use mujoco_rs::prelude::*;
use mujoco_rs::renderer::MjRenderer;

use super::physics::Physics;
use crate::env::{Frame, Quality};
use crate::error::EnvError;

/// Side of [`Quality::Reduced`]'s shadow map, in texels; the suite's models ask for 2048.
///
/// On a processor, filling the suite's map takes half of a picture's time, and the triangles of
/// round bodies, far smaller than a pixel, take most of the rest. These three numbers are the
/// cheapest that kept 40 dB, and some margin, in all tasks' pictures along whole trajectories;
/// docs/benchmarks/rendering.md has the comparison, and `make pictures` measures it again.
const SHADOW_MAP: i32 = 896;
/// Sides of [`Quality::Reduced`]'s cylinders and spheres; MuJoCo's default is 28.
const SLICES: i32 = 20;
/// Rings of [`Quality::Reduced`]'s cylinders and spheres; MuJoCo's default is 16.
const STACKS: i32 = 8;

/// One renderer per size and quality of pictures, each built when such a picture is first asked
/// for, so that an environment that is never drawn needs no graphics driver.
#[derive(Debug, Default)]
pub(super) struct Renderers(Vec<(Look, MjRenderer)>);

/// What a renderer is built for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    height: usize,
    width: usize,
    quality: Quality,
}

impl Renderers {
    /// Draws the simulation as a camera of the model sees it.
    ///
    /// # Errors
    /// [`EnvError::FrameSize`], [`EnvError::FrameBuffer`] or [`EnvError::Renderer`].
    ///
    /// # Panics
    /// If the model has no such camera.
    pub(super) fn draw(
        &mut self,
        physics: &mut Physics,
        camera: usize,
        quality: Quality,
        frame: Frame<'_>,
    ) -> Result<(), EnvError> {
        frame.check()?;
        let look = Look { height: frame.height, width: frame.width, quality };
        let renderer = self.of_look(physics, look)?;
        renderer.set_camera(MjvCamera::new_fixed(camera));
        renderer.sync_data(physics.data_mut()).map_err(failed)?;
        renderer.render().map_err(failed)?;
        let rgb = renderer.rgb_flat().expect("the renderer was built to draw colours");
        frame.pixels.copy_from_slice(rgb);
        Ok(())
    }

    fn of_look(&mut self, physics: &mut Physics, look: Look) -> Result<&mut MjRenderer, EnvError> {
        let at = match self.0.iter().position(|&(known, _)| known == look) {
            Some(at) => at,
            None => {
                self.0.push((look, build(physics, look)?));
                self.0.len() - 1
            }
        };
        Ok(&mut self.0[at].1)
    }
}

/// Builds a renderer. It takes its sizes and qualities from the model at that moment, so the model
/// has the look's meanwhile and its own again afterwards.
fn build(physics: &mut Physics, look: Look) -> Result<MjRenderer, EnvError> {
    let own = physics.model().vis().clone();
    let visual = physics.data_mut().model_vis_mut();
    visual.global.offheight = look.height as i32;
    visual.global.offwidth = look.width as i32;
    match look.quality {
        Quality::Model => {}
        Quality::Reduced => {
            let quality = &mut visual.quality;
            quality.shadowsize = quality.shadowsize.min(SHADOW_MAP);
            quality.numslices = quality.numslices.min(SLICES);
            quality.numstacks = quality.numstacks.min(STACKS);
        }
    }
    let mut options = MjvOption::default();
    // dm_control does not draw the rays of range finders.
    options.flags[mjtVisFlag::mjVIS_RANGEFINDER as usize] = 0;
    let renderer = MjRenderer::builder()
        .height(look.height as u32)
        .width(look.width as u32)
        .opts(options)
        .build(physics.model());
    *physics.data_mut().model_vis_mut() = own;
    renderer.map_err(failed)
}

/// The renderer's message with those of its causes, on one line.
fn failed(error: RendererError) -> EnvError {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        cause = error.source();
    }
    EnvError::Renderer { reason }
}
