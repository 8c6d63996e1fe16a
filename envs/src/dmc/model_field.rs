//! The numbers of a model that resets write to, each by its array and its place there.

use mujoco_rs::prelude::*;

use crate::error::EnvError;

/// An array of the model that resets write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelField {
    BodyPos,
    BodyQuat,
    DofDamping,
    GeomPos,
    GeomRgba,
    GeomSize,
    JntStiffness,
    LightPos,
    MatRgba,
    SitePos,
    SiteRgba,
    SiteSize,
    WrapPrm,
}

impl ModelField {
    pub const ALL: [Self; 13] = [
        Self::BodyPos,
        Self::BodyQuat,
        Self::DofDamping,
        Self::GeomPos,
        Self::GeomRgba,
        Self::GeomSize,
        Self::JntStiffness,
        Self::LightPos,
        Self::MatRgba,
        Self::SitePos,
        Self::SiteRgba,
        Self::SiteSize,
        Self::WrapPrm,
    ];

    /// MuJoCo's name of the array.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BodyPos => "body_pos",
            Self::BodyQuat => "body_quat",
            Self::DofDamping => "dof_damping",
            Self::GeomPos => "geom_pos",
            Self::GeomRgba => "geom_rgba",
            Self::GeomSize => "geom_size",
            Self::JntStiffness => "jnt_stiffness",
            Self::LightPos => "light_pos",
            Self::MatRgba => "mat_rgba",
            Self::SitePos => "site_pos",
            Self::SiteRgba => "site_rgba",
            Self::SiteSize => "site_size",
            Self::WrapPrm => "wrap_prm",
        }
    }

    /// The field of that name, if resets write to it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Whether a model may have such a number there: no body is smaller than nothing, and neither
    /// damping nor springs drive.
    pub(super) fn admits(self, value: f64) -> bool {
        match self {
            Self::DofDamping | Self::GeomSize | Self::JntStiffness | Self::SiteSize => value >= 0.0,
            _ => true,
        }
    }

    /// The number at a flat index.
    ///
    /// # Panics
    /// If there is none.
    pub(super) fn read(self, model: &MjModel, index: usize) -> f64 {
        match self {
            Self::BodyPos => model.body_pos().as_flattened()[index],
            Self::BodyQuat => model.body_quat().as_flattened()[index],
            Self::DofDamping => model.dof_damping()[index],
            Self::GeomPos => model.geom_pos().as_flattened()[index],
            Self::GeomRgba => f64::from(model.geom_rgba().as_flattened()[index]),
            Self::GeomSize => model.geom_size().as_flattened()[index],
            Self::JntStiffness => model.jnt_stiffness()[index],
            Self::LightPos => model.light_pos().as_flattened()[index],
            Self::MatRgba => f64::from(model.mat_rgba().as_flattened()[index]),
            Self::SitePos => model.site_pos().as_flattened()[index],
            Self::SiteRgba => f64::from(model.site_rgba().as_flattened()[index]),
            Self::SiteSize => model.site_size().as_flattened()[index],
            Self::WrapPrm => model.wrap_prm()[index],
        }
    }

    /// Exchanges the number at a flat index, and returns the old one.
    pub(super) fn replace(
        self,
        model: &mut MjModel,
        index: usize,
        value: f64,
    ) -> Result<f64, EnvError> {
        let numbers = match self {
            Self::BodyPos => model.body_pos_mut().as_flattened_mut(),
            Self::BodyQuat => model.body_quat_mut().as_flattened_mut(),
            Self::DofDamping => model.dof_damping_mut(),
            Self::GeomPos => model.geom_pos_mut().as_flattened_mut(),
            Self::GeomSize => model.geom_size_mut().as_flattened_mut(),
            Self::JntStiffness => model.jnt_stiffness_mut(),
            Self::LightPos => model.light_pos_mut().as_flattened_mut(),
            Self::SitePos => model.site_pos_mut().as_flattened_mut(),
            Self::SiteSize => model.site_size_mut().as_flattened_mut(),
            Self::WrapPrm => joint_coefficients(model),
            Self::GeomRgba => return self.replace_colour(model.geom_rgba_mut(), index, value),
            Self::MatRgba => return self.replace_colour(model.mat_rgba_mut(), index, value),
            Self::SiteRgba => return self.replace_colour(model.site_rgba_mut(), index, value),
        };
        self.replace_in(numbers, index, value)
    }

    fn replace_colour(
        self,
        colours: &mut [[f32; 4]],
        index: usize,
        value: f64,
    ) -> Result<f64, EnvError> {
        self.replace_in(colours.as_flattened_mut(), index, value as f32).map(f64::from)
    }

    fn replace_in<T>(self, numbers: &mut [T], index: usize, value: T) -> Result<T, EnvError> {
        let len = numbers.len();
        let place = numbers.get_mut(index).ok_or(EnvError::ModelIndex {
            field: self.name(),
            index,
            len,
        })?;
        Ok(std::mem::replace(place, value))
    }
}

/// The weights of joints in tendons. None where a tendon has other parts: of theirs, some are
/// indices.
fn joint_coefficients(model: &mut MjModel) -> &mut [f64] {
    if model.wrap_type().iter().all(|&kind| kind == MjtWrap::mjWRAP_JOINT) {
        // SAFETY: of joints in tendons MuJoCo only multiplies with these numbers.
        unsafe { model.wrap_prm_mut() }
    } else {
        &mut []
    }
}

/// One number of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelValue {
    pub field: ModelField,
    /// Index into the flattened array.
    pub index: usize,
    pub value: f64,
}
