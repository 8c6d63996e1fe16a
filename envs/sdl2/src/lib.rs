//! Stands in for the bindings of SDL2, of which gym-rs cannot be built without.
//!
//! gym-rs uses SDL2 for its window alone, and no environment here opens one: their pictures are
//! drawn off screen, and rightly so where an agent looks at them, as the window waits for the
//! screen. The real bindings compile SDL2's C sources with CMake, for minutes, and then ask the
//! linker for the system's SDL2_gfx. So `[patch.crates-io]` puts this crate in their place. It has
//! the names that gym-rs uses and no more.
//!
//! [`init`], by which everything in SDL2 begins, is an error. All that it would lead to is
//! [`Unopened`], a type without values, so that the compiler knows that no window is drawn to.

use crate::pixels::{Color, PixelFormatEnum};
use crate::rect::{Point, Rect};

/// Begins the use of SDL2.
///
/// # Errors
/// Always.
pub fn init() -> Result<Unopened, String> {
    Err("this program is built without SDL2 and opens no window; draw off screen".to_owned())
}

/// Whatever SDL2 would hand out: a context, a window, its canvas, a texture.
#[derive(Debug)]
pub enum Unopened {}

pub type EventPump = Unopened;

/// What is called on the way from a context to a picture on the screen, in that order.
impl Unopened {
    /// The context's video subsystem.
    ///
    /// # Errors
    /// None, as it is never called; so are the others.
    pub fn video(&self) -> Result<Self, String> {
        match *self {}
    }

    /// The context's events.
    ///
    /// # Errors
    /// None.
    pub fn event_pump(&self) -> Result<EventPump, String> {
        match *self {}
    }

    /// The builder of a window.
    pub fn window(&self, _title: &str, _width: u32, _height: u32) -> Self {
        match *self {}
    }

    pub fn position_centered(&mut self) -> &mut Self {
        match *self {}
    }

    pub fn hidden(&mut self) -> &mut Self {
        match *self {}
    }

    /// The window, or the canvas, that a builder describes.
    ///
    /// # Errors
    /// None.
    pub fn build(self) -> Result<Self, String> {
        match self {}
    }

    /// The builder of a window's canvas.
    #[must_use]
    pub fn into_canvas(self) -> Self {
        match self {}
    }

    #[must_use]
    pub fn accelerated(self) -> Self {
        match self {}
    }

    /// The events since the last call.
    pub fn poll_iter(&mut self) -> std::iter::Empty<event::Event> {
        match *self {}
    }

    pub fn texture_creator(&self) -> Self {
        match *self {}
    }

    /// A texture to draw into.
    ///
    /// # Errors
    /// None.
    pub fn create_texture_target(
        &self,
        _format: PixelFormatEnum,
        _width: u32,
        _height: u32,
    ) -> Result<Self, String> {
        match *self {}
    }

    /// Draws into a texture.
    ///
    /// # Errors
    /// None.
    pub fn with_texture_canvas(
        &mut self,
        _texture: &mut Self,
        _draw: impl FnOnce(&mut Self),
    ) -> Result<(), String> {
        match *self {}
    }

    pub fn set_draw_color(&mut self, _color: Color) {
        match *self {}
    }

    pub fn clear(&mut self) {
        match *self {}
    }

    /// Draws lines from point to point.
    ///
    /// # Errors
    /// None.
    pub fn draw_lines(&mut self, _points: &[Point]) -> Result<(), String> {
        match *self {}
    }

    /// Copies a texture, turned and mirrored.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::too_many_arguments, clippy::fn_params_excessive_bools, reason = "as in SDL2")]
    pub fn copy_ex(
        &mut self,
        _texture: &Self,
        _from: Option<Rect>,
        _to: Option<Rect>,
        _angle: f64,
        _center: Option<Point>,
        _flip_horizontal: bool,
        _flip_vertical: bool,
    ) -> Result<(), String> {
        match *self {}
    }

    pub fn present(&mut self) {
        match *self {}
    }

    /// Reads back what was drawn.
    ///
    /// # Errors
    /// None.
    pub fn read_pixels(
        &self,
        _part: Option<Rect>,
        _format: PixelFormatEnum,
    ) -> Result<Vec<u8>, String> {
        match *self {}
    }
}

pub mod render {
    //! Canvases.

    pub type WindowCanvas = super::Unopened;
}

pub mod event {
    //! What happens to a window.

    #[derive(Debug)]
    #[non_exhaustive]
    pub enum Event {
        #[non_exhaustive]
        Quit {},
    }
}

pub mod rect {
    //! Places on a canvas.

    #[derive(Clone, Copy, Debug)]
    pub struct Point;

    impl Point {
        pub fn new(_x: i32, _y: i32) -> Self {
            Self
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub struct Rect;
}

pub mod pixels {
    //! What a canvas is made of.

    #[derive(Clone, Copy, Debug)]
    pub struct Color;

    impl Color {
        pub const BLACK: Self = Self;
        pub const WHITE: Self = Self;

        #[expect(non_snake_case, reason = "as in SDL2")]
        pub fn RGB(_red: u8, _green: u8, _blue: u8) -> Self {
            Self
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub enum PixelFormatEnum {
        RGB24,
    }
}

pub mod gfx {
    //! The library SDL2_gfx.

    pub mod framerate {
        //! Waiting for the next picture's time.

        #[derive(Debug, Default)]
        pub struct FPSManager;

        impl FPSManager {
            pub fn new() -> Self {
                Self
            }

            /// Sets the pictures per second.
            ///
            /// # Errors
            /// None.
            pub fn set_framerate(&mut self, _rate: u32) -> Result<(), String> {
                Ok(())
            }

            pub fn delay(&mut self) {}
        }
    }

    pub mod primitives {
        //! Shapes.

        use crate::Unopened;
        use crate::pixels::Color;

        /// Drawing of shapes.
        #[expect(clippy::missing_errors_doc, reason = "nothing is ever drawn")]
        pub trait DrawRenderer {
            fn aa_polygon(&self, xs: &[i16], ys: &[i16], color: Color) -> Result<(), String>;
            fn filled_polygon(&self, xs: &[i16], ys: &[i16], color: Color) -> Result<(), String>;
            fn aa_circle(&self, x: i16, y: i16, radius: i16, color: Color) -> Result<(), String>;
            fn filled_circle(
                &self,
                x: i16,
                y: i16,
                radius: i16,
                color: Color,
            ) -> Result<(), String>;
            fn hline(&self, x1: i16, x2: i16, y: i16, color: Color) -> Result<(), String>;
            fn vline(&self, x: i16, y1: i16, y2: i16, color: Color) -> Result<(), String>;
        }

        impl DrawRenderer for Unopened {
            fn aa_polygon(&self, _: &[i16], _: &[i16], _: Color) -> Result<(), String> {
                match *self {}
            }

            fn filled_polygon(&self, _: &[i16], _: &[i16], _: Color) -> Result<(), String> {
                match *self {}
            }

            fn aa_circle(&self, _: i16, _: i16, _: i16, _: Color) -> Result<(), String> {
                match *self {}
            }

            fn filled_circle(&self, _: i16, _: i16, _: i16, _: Color) -> Result<(), String> {
                match *self {}
            }

            fn hline(&self, _: i16, _: i16, _: i16, _: Color) -> Result<(), String> {
                match *self {}
            }

            fn vline(&self, _: i16, _: i16, _: i16, _: Color) -> Result<(), String> {
                match *self {}
            }
        }
    }
}
