//! An OpenGL context without a screen or a window, through EGL.

use std::num::NonZeroU32;

use glow::HasContext;
use glutin::api::egl::context::PossiblyCurrentContext;
use glutin::api::egl::device::Device;
use glutin::api::egl::display::Display;
use glutin::api::egl::surface::Surface;
use glutin::config::{ConfigSurfaceTypes, ConfigTemplateBuilder};
use glutin::context::{ContextApi, ContextAttributesBuilder, GlProfile, Version};
use glutin::error::{Error, ErrorKind};
use glutin::prelude::{GlDisplay, NotCurrentGlContext, PossiblyCurrentGlContext};
use glutin::surface::{PbufferSurface, SurfaceAttributesBuilder};

use crate::error::EnvError;

/// A context on the first graphics device that gives one: a graphics card, or the processor.
#[derive(Debug)]
pub(super) struct Offscreen {
    context: PossiblyCurrentContext,
    surface: Surface<PbufferSurface>,
    gl: glow::Context,
}

impl Offscreen {
    /// Opens a context, and makes it the thread's current one.
    ///
    /// # Errors
    /// [`EnvError::Renderer`] if no device gives one.
    pub(super) fn open() -> Result<Self, EnvError> {
        let mut reason = Error::from(ErrorKind::NotSupported("there is no graphics device"));
        for device in Device::query_devices().map_err(failed)? {
            match Self::on(&device) {
                Ok(offscreen) => return Ok(offscreen),
                Err(error) => reason = error,
            }
        }
        Err(failed(reason))
    }

    fn on(device: &Device) -> Result<Self, Error> {
        // SAFETY: the device is one of those that EGL has just listed, and no native display, which
        // would have to stay alive, is handed over.
        let display = unsafe { Display::with_device(device, None) }?;
        let wanted =
            ConfigTemplateBuilder::new().with_surface_type(ConfigSurfaceTypes::PBUFFER).build();
        // SAFETY: no native window is asked for.
        let config = unsafe { display.find_configs(wanted) }?.next();
        let config = config.ok_or(ErrorKind::NotSupported("it draws only in windows"))?;
        // MuJoCo draws with the fixed functions of OpenGL's early versions.
        let attributes = ContextAttributesBuilder::new()
            .with_profile(GlProfile::Compatibility)
            .with_context_api(ContextApi::OpenGl(Some(Version::new(2, 0))))
            .build(None);
        // SAFETY: the configuration is the display's, and there is no native window.
        let context = unsafe { display.create_context(&config, &attributes) }?;
        // MuJoCo draws into buffers of its own; a context only has to have some surface.
        let attributes = SurfaceAttributesBuilder::<PbufferSurface>::new()
            .build(NonZeroU32::MIN, NonZeroU32::MIN);
        // SAFETY: the configuration is the display's.
        let surface = unsafe { display.create_pbuffer_surface(&config, &attributes) }?;
        let context = context.make_current(&surface)?;
        // SAFETY: the context is current, and its functions are called while it is only.
        let gl = unsafe {
            glow::Context::from_loader_function_cstr(|name| display.get_proc_address(name))
        };
        Ok(Self { context, surface, gl })
    }

    /// The device, as its driver calls it. The context must be the current one.
    pub(super) fn device(&self) -> String {
        // SAFETY: the context is current.
        unsafe { self.gl.get_parameter_string(glow::RENDERER) }
    }

    /// Makes this the thread's current context.
    ///
    /// # Errors
    /// [`EnvError::Renderer`].
    pub(super) fn make_current(&self) -> Result<(), EnvError> {
        self.context.make_current(&self.surface).map_err(failed)
    }

    /// Gives a square depth texture storage without stencil bits. Its contents are lost.
    ///
    /// The context must be the current one.
    pub(super) fn drop_stencil(&self, texture: NonZeroU32, side: i32) {
        let texture = glow::NativeTexture(texture);
        // SAFETY: the context is current, and OpenGL allocates without being given pixels to read.
        unsafe {
            self.gl.bind_texture(glow::TEXTURE_2D, Some(texture));
            self.gl.tex_image_2d(
                glow::TEXTURE_2D,
                0,
                glow::DEPTH_COMPONENT24 as i32,
                side,
                side,
                0,
                glow::DEPTH_COMPONENT,
                glow::UNSIGNED_INT,
                glow::PixelUnpackData::Slice(None),
            );
            self.gl.bind_texture(glow::TEXTURE_2D, None);
        }
    }
}

fn failed(error: Error) -> EnvError {
    EnvError::Renderer { reason: error.to_string() }
}
