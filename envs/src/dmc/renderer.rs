//! Pictures, drawn off screen through EGL.

use mujoco_rs::mujoco_c::mjtVisFlag;
use mujoco_rs::prelude::*;
use mujoco_rs::renderer::MjRenderer;

use super::physics::Physics;
use crate::env::Frame;
use crate::error::EnvError;

/// One renderer per picture size, each built when a picture of its size is first asked for, so that
/// an environment that is never drawn needs no graphics driver.
#[derive(Debug, Default)]
pub(super) struct Renderers(Vec<SizedRenderer>);

#[derive(Debug)]
struct SizedRenderer {
    height: usize,
    width: usize,
    renderer: MjRenderer,
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
        frame: Frame<'_>,
    ) -> Result<(), EnvError> {
        frame.check()?;
        let renderer = self.of_size(physics, frame.height, frame.width)?;
        renderer.set_camera(MjvCamera::new_fixed(camera));
        renderer.sync_data(physics.data_mut()).map_err(failed)?;
        renderer.render().map_err(failed)?;
        let rgb = renderer.rgb_flat().expect("the renderer was built to draw colours");
        frame.pixels.copy_from_slice(rgb);
        Ok(())
    }

    fn of_size(
        &mut self,
        physics: &mut Physics,
        height: usize,
        width: usize,
    ) -> Result<&mut MjRenderer, EnvError> {
        let known = self.0.iter().position(|sized| (sized.height, sized.width) == (height, width));
        let at = match known {
            Some(at) => at,
            None => {
                self.0.push(SizedRenderer {
                    height,
                    width,
                    renderer: build(physics, height, width)?,
                });
                self.0.len() - 1
            }
        };
        Ok(&mut self.0[at].renderer)
    }
}

fn build(physics: &mut Physics, height: usize, width: usize) -> Result<MjRenderer, EnvError> {
    // The off-screen buffer is made as large as the model says when the renderer is built.
    let global = &mut physics.data_mut().model_vis_mut().global;
    (global.offheight, global.offwidth) = (height as i32, width as i32);
    let mut options = MjvOption::default();
    // dm_control does not draw the rays of range finders.
    options.flags[mjtVisFlag::mjVIS_RANGEFINDER as usize] = 0;
    MjRenderer::builder()
        .height(height as u32)
        .width(width as u32)
        .opts(options)
        .build(physics.model())
        .map_err(failed)
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
