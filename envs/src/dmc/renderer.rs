//! Pictures, drawn off screen.
//!
//! [`Quality::Model`] is MuJoCo's drawing, untouched. On a processor half of its time goes into the
//! shadow map, most of the rest into the triangles of round bodies, far smaller than a pixel.
//! [`Quality::Reduced`] saves at both. Two of its measures change no byte of a picture:
//! - The ground is left out of the shadow map, which it fills. Nothing lies below it, so that its
//!   shadow falls on nothing.
//! - The shadow map loses its stencil bits, which nobody reads: clearing depth alone would have to
//!   read and keep them, a texel at a time.
//!
//! The others change little, and `cargo run --release --example picture_quality` says how much:
//! - Round bodies get fewer rings. They keep their sides, which an outline shows sooner.
//! - The shadow map of most tasks is smaller.
//! - A slack string is drawn in fewer pieces.

use std::num::NonZeroU32;

use mujoco_rs::mujoco_c::mjtVisFlag;
use mujoco_rs::prelude::*;

use super::distraction::{Shift, View};
use super::geometry::{between, length};
use super::offscreen::Offscreen;
use super::physics::Physics;
use super::task::Detail;
use crate::env::{FRAME_CHANNELS, Frame, Quality};
use crate::error::EnvError;

/// Pieces of a slack string in reduced pictures; MuJoCo's default is 28.
const STRING_PIECES: i32 = 14;
/// Room in a scene beyond the model's geoms: sites, and pieces of strings.
const FURTHER_GEOMS: usize = 100;

/// One canvas per size and quality of pictures. The first picture opens the graphics driver, so
/// that an environment that is never drawn needs none.
#[derive(Debug)]
pub(super) struct Renderer {
    /// Detail of reduced pictures.
    reduced: Detail,
    // Before the context, without which MuJoCo cannot free them.
    canvases: Vec<(Look, Canvas)>,
    offscreen: Option<Offscreen>,
}

/// What a picture is to show, besides the simulation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shot<'a> {
    /// A camera of the model.
    pub camera: usize,
    pub quality: Quality,
    /// Where that camera is instead of its own place.
    pub view: Option<View>,
    /// Changes of the textures' colours; empty where there are none.
    pub shifts: &'a [Shift],
}

/// What a canvas is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    height: usize,
    width: usize,
    quality: Quality,
}

impl Renderer {
    pub(super) fn new(reduced: Detail) -> Self {
        Self { reduced, canvases: Vec::new(), offscreen: None }
    }

    /// Draws the simulation.
    ///
    /// # Errors
    /// [`EnvError::FrameSize`], [`EnvError::FrameBuffer`] or [`EnvError::Renderer`].
    ///
    /// # Panics
    /// If the model has no such camera.
    pub(super) fn draw(
        &mut self,
        physics: &mut Physics,
        shot: Shot<'_>,
        frame: Frame<'_>,
    ) -> Result<(), EnvError> {
        frame.check()?;
        let look = Look { height: frame.height, width: frame.width, quality: shot.quality };
        let offscreen = match &mut self.offscreen {
            Some(offscreen) => {
                offscreen.make_current()?;
                offscreen
            }
            none => none.insert(Offscreen::open()?),
        };
        let at = match self.canvases.iter().position(|&(known, _)| known == look) {
            Some(at) => at,
            None => {
                let canvas = Canvas::new(physics, look, self.reduced, offscreen);
                self.canvases.push((look, canvas));
                self.canvases.len() - 1
            }
        };
        self.canvases[at].1.draw(physics, shot, frame);
        Ok(())
    }
}

impl Drop for Renderer {
    fn drop(&mut self) {
        // MuJoCo frees what it has on the graphics device through the current context. Where that
        // fails the context is lost, and all on the device with it.
        let _ = self.offscreen.as_ref().map(Offscreen::make_current);
    }
}

/// MuJoCo's buffers for pictures of one look, and the scene that it draws into them.
#[derive(Debug)]
struct Canvas {
    quality: Quality,
    scene: MjvScene,
    options: MjvOption,
    context: MjrContext,
    /// Of the height fields on the graphics device.
    heights_version: u64,
    /// How the textures on the graphics device differ from the model's.
    shifts: Vec<Shift>,
}

impl Canvas {
    /// Makes the buffers in the current context, which is `offscreen`.
    fn new(physics: &mut Physics, look: Look, reduced: Detail, offscreen: &Offscreen) -> Self {
        let mut options = MjvOption::default();
        // dm_control does not draw the rays of range finders.
        options.flags[mjtVisFlag::mjVIS_RANGEFINDER as usize] = 0;
        // MuJoCo takes the sizes and qualities from the model, which gets its own back afterwards.
        let own = physics.model().vis().clone();
        let visual = physics.data_mut().model_vis_mut();
        visual.global.offheight = look.height as i32;
        visual.global.offwidth = look.width as i32;
        if look.quality == Quality::Reduced {
            visual.quality.shadowsize = own.quality.shadowsize.min(reduced.shadow_map);
            visual.quality.numstacks = own.quality.numstacks.min(reduced.rings);
        }
        // SAFETY: an OpenGL context is current, `Renderer` makes the same one current before it
        // draws and before it drops this, and the model stays this one.
        let context = unsafe { MjrContext::new(physics.model()) };
        *physics.data_mut().model_vis_mut() = own;
        if look.quality == Quality::Reduced
            && let Some(shadows) = NonZeroU32::new(context.shadow_tex())
        {
            offscreen.drop_stencil(shadows, context.shadow_size());
        }
        let geoms = physics.model().ngeom() as usize + FURTHER_GEOMS;
        let scene = MjvScene::new(physics.model(), geoms);
        let heights_version = physics.heights_version();
        let shifts = vec![Shift::default(); physics.model().ntex() as usize];
        Self { quality: look.quality, scene, options, context, heights_version, shifts }
    }

    fn draw(&mut self, physics: &mut Physics, shot: Shot<'_>, frame: Frame<'_>) {
        self.upload_heights(physics);
        match self.quality {
            Quality::Model => self.update(physics, shot.camera),
            Quality::Reduced => self.update_reduced(physics, shot.camera),
        }
        if let Some(view) = shot.view {
            self.move_camera(physics, view);
        }
        if !shot.shifts.is_empty() && shot.shifts != self.shifts {
            self.colour_textures(physics, shot.shifts);
        }
        let picture = MjrRectangle::new(0, 0, frame.width as i32, frame.height as i32);
        self.context.offscreen();
        self.scene.render(&picture, &self.context);
        let read = self.context.read_pixels(Some(&mut *frame.pixels), None, &picture);
        read.expect("the frame's buffer holds its picture");
        turn_upside_down(frame.pixels, frame.width * FRAME_CHANNELS);
    }

    /// Renews the height fields on the graphics device, of which it has a copy.
    fn upload_heights(&mut self, physics: &Physics) {
        let version = physics.heights_version();
        if std::mem::replace(&mut self.heights_version, version) == version {
            return;
        }
        for field in 0..physics.model().nhfield() as usize {
            let uploaded = self.context.upload_hfield(physics.model(), field);
            uploaded.expect("the model has the field");
        }
    }

    /// Takes the bodies and cameras over from the simulation.
    fn update(&mut self, physics: &mut Physics, camera: usize) {
        let mut camera = MjvCamera::new_fixed(camera);
        let nothing_is_dragged = MjvPerturb::default();
        self.scene.update(physics.data_mut(), &self.options, &nothing_is_dragged, &mut camera);
    }

    /// As [`Self::update`], with strings in fewer pieces and a ground that casts no shadow.
    fn update_reduced(&mut self, physics: &mut Physics, camera: usize) {
        // MuJoCo divides a slack string into as many pieces as a cylinder has sides.
        let sides = physics.model().vis().quality.numslices;
        physics.data_mut().model_vis_mut().quality.numslices = sides.min(STRING_PIECES);
        self.update(physics, camera);
        physics.data_mut().model_vis_mut().quality.numslices = sides;
        // SAFETY: only the category is written, which is no index or size.
        let geoms = unsafe { self.scene.geoms_mut() };
        for ground in geoms.iter_mut().filter(|geom| is_ground(geom)) {
            // Decoration casts no shadow, and is drawn like all else.
            ground.category = MjtCatBit::mjCAT_DECOR as i32;
        }
    }
}

impl Canvas {
    /// Moves the camera about the point on its line of sight that is as far away as the centre of
    /// mass of the first body (body 0 is the world).
    fn move_camera(&mut self, physics: &Physics, view: View) {
        let center = physics.data().subtree_com()[1];
        for eye in self.scene.camera_mut() {
            let distance = length(&between(eye.pos.map(f64::from), center));
            view.apply(eye, distance);
        }
    }

    /// Sends the textures to the graphics device again, in other colours than the model's.
    fn colour_textures(&mut self, physics: &mut Physics, shifts: &[Shift]) {
        for (texture, shift) in shifts.iter().enumerate() {
            let in_bytes = shift.map(|channel| (255.0 * channel.clamp(-1.0, 1.0)).round() as i16);
            physics.with_shifted_texture(texture, in_bytes, |model| {
                let sent = self.context.upload_texture(model, texture);
                sent.expect("the model has this texture");
            });
        }
        shifts.clone_into(&mut self.shifts);
    }
}

/// Whether a body is a plane that faces up. Walls are planes, too, and cast shadows on the ground.
fn is_ground(geom: &MjvGeom) -> bool {
    // The last entry of the rotation's matrix is the upward part of the plane's normal.
    geom.type_ == MjtGeom::mjGEOM_PLANE as i32 && geom.mat[8] > 0.999
}

/// Exchanges the rows, since OpenGL counts them from below.
fn turn_upside_down(pixels: &mut [u8], row: usize) {
    let rows = pixels.len() / row;
    let (top, bottom) = pixels.split_at_mut(rows / 2 * row);
    for (upper, lower) in top.chunks_exact_mut(row).zip(bottom.rchunks_exact_mut(row)) {
        upper.swap_with_slice(lower);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_exchanged_around_the_middle() {
        let mut even = [0, 1, 2, 3, 4, 5, 6, 7];
        turn_upside_down(&mut even, 2);
        assert_eq!(even, [6, 7, 4, 5, 2, 3, 0, 1]);
        let mut odd = [0, 1, 2, 3, 4, 5];
        turn_upside_down(&mut odd, 2);
        assert_eq!(odd, [4, 5, 2, 3, 0, 1]);
    }
}
