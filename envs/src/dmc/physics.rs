//! A MuJoCo simulation that steps, resets and fails as dm_control's `Physics` does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Once;

use mujoco_rs::mujoco_c::{mjMAXVAL, mjtDisableBit, mjtIntegrator};
use mujoco_rs::prelude::*;

use super::model::{Model, broken};
use super::state::{ModelField, ModelValue};
use crate::error::EnvError;

/// The names of MuJoCo's warnings, in its order.
const WARNINGS: [&str; MjtWarning::mjNWARNING as usize] = [
    "a singular inertia matrix",
    "too many contacts",
    "too many constraints",
    "bad positions (NaN, infinite or huge)",
    "bad velocities (NaN, infinite or huge)",
    "bad accelerations (NaN, infinite or huge)",
    "bad controls (NaN, infinite or huge)",
];

/// A model and its simulation.
#[derive(Debug)]
pub struct Physics {
    data: MjData<Box<MjModel>>,
    /// What stood in the model where resets wrote, by place.
    written: BTreeMap<(ModelField, usize), f64>,
    /// The model's own height fields, where a reset has written others.
    own_heights: Option<Vec<f32>>,
    /// How often height fields were written.
    heights_version: u64,
}

impl Physics {
    /// Loads a model of the suite.
    ///
    /// # Errors
    /// [`EnvError::ModelsMissing`] or [`EnvError::Model`].
    pub fn load(model: Model) -> Result<Self, EnvError> {
        route_messages();
        let folder = suite_folder()?;
        Self::simulate(model.compile(&folder)?, &folder.join(model.file()))
    }

    fn simulate(model: MjModel, path: &Path) -> Result<Self, EnvError> {
        let data = MjData::try_new(Box::new(model));
        let data = data.map_err(|error| broken(path, &error.to_string()))?;
        let mut physics =
            Self { data, written: BTreeMap::new(), own_heights: None, heights_version: 0 };
        physics.forward()?;
        Ok(physics)
    }

    /// A model of a test's own.
    #[cfg(test)]
    pub(super) fn of_xml(xml: &str) -> Self {
        route_messages();
        let model = MjModel::from_xml_string(xml).expect("the test's model is valid");
        Self::simulate(model, Path::new("test.xml")).expect("the test's model can be simulated")
    }

    pub fn data(&self) -> &MjData<Box<MjModel>> {
        &self.data
    }

    pub fn data_mut(&mut self) -> &mut MjData<Box<MjModel>> {
        &mut self.data
    }

    pub fn model(&self) -> &MjModel {
        self.data.model()
    }

    /// Seconds of one simulation step.
    pub fn timestep(&self) -> f64 {
        self.model().opt().timestep
    }

    /// The bounds of each actuator's control; those without limits get MuJoCo's largest number.
    pub fn control_bounds(&self) -> (Vec<f64>, Vec<f64>) {
        let limited = self.model().actuator_ctrllimited();
        let ranges = self.model().actuator_ctrlrange();
        let bounds = limited.iter().zip(ranges).map(|(limited, &[low, high])| match limited {
            true => (low, high),
            false => (-mjMAXVAL, mjMAXVAL),
        });
        bounds.unzip()
    }

    pub fn body(&self, name: &str) -> Result<usize, EnvError> {
        self.id("body", MjtObjBase::mjOBJ_BODY, name)
    }

    pub fn geom(&self, name: &str) -> Result<usize, EnvError> {
        self.id("geom", MjtObjBase::mjOBJ_GEOM, name)
    }

    pub fn site(&self, name: &str) -> Result<usize, EnvError> {
        self.id("site", MjtObjBase::mjOBJ_SITE, name)
    }

    pub fn light(&self, name: &str) -> Result<usize, EnvError> {
        self.id("light", MjtObjBase::mjOBJ_LIGHT, name)
    }

    pub fn joint(&self, name: &str) -> Result<usize, EnvError> {
        self.id("joint", MjtObjBase::mjOBJ_JOINT, name)
    }

    /// Where a joint's position starts in `qpos`.
    pub fn joint_qpos(&self, name: &str) -> Result<usize, EnvError> {
        Ok(self.model().jnt_qposadr()[self.joint(name)?] as usize)
    }

    /// Where a joint's velocity starts in `qvel` and other arrays of degrees of freedom.
    pub fn joint_dof(&self, name: &str) -> Result<usize, EnvError> {
        Ok(self.model().jnt_dofadr()[self.joint(name)?] as usize)
    }

    /// Where a sensor's numbers lie in `sensordata`.
    pub fn sensor(&self, name: &str) -> Result<Range<usize>, EnvError> {
        let id = self.id("sensor", MjtObjBase::mjOBJ_SENSOR, name)?;
        let start = self.model().sensor_adr()[id] as usize;
        Ok(start..start + self.model().sensor_dim()[id] as usize)
    }

    fn id(&self, kind: &'static str, object: MjtObjBase, name: &str) -> Result<usize, EnvError> {
        let missing = || EnvError::MissingName { kind, name: name.to_owned() };
        self.model().name_to_id(object, name).ok_or_else(missing)
    }

    /// Writes a number into the model; it belongs to the task's state from then on.
    pub fn set_model(
        &mut self,
        field: ModelField,
        index: usize,
        value: f64,
    ) -> Result<(), EnvError> {
        let old = field.replace(self.model_mut(), index, value)?;
        self.written.entry((field, index)).or_insert(old);
        Ok(())
    }

    /// The numbers written into the model, as they stand.
    pub(super) fn model_values(&self) -> Vec<ModelValue> {
        let places = self.written.keys();
        places
            .map(|&(field, index)| ModelValue {
                field,
                index,
                value: field.read(self.model(), index),
            })
            .collect()
    }

    /// Writes all height fields of the model, one after another, row by row: elevations as parts
    /// of a field's own height, which are rounded to MuJoCo's `f32`. They belong to the task's
    /// state from then on.
    ///
    /// # Errors
    /// [`EnvError::StateLength`].
    pub fn set_heights(&mut self, heights: &[f64]) -> Result<(), EnvError> {
        let (expected, got) = (self.model().hfield_data().len(), heights.len());
        if expected != got {
            return Err(EnvError::StateLength { field: "hfield_data", expected, got });
        }
        self.own_heights.get_or_insert_with(|| self.data.model().hfield_data().to_vec());
        for (place, &height) in self.model_mut().hfield_data_mut().iter_mut().zip(heights) {
            *place = height as f32;
        }
        self.heights_version += 1;
        Ok(())
    }

    /// The height fields as they stand, or nothing while they are the model's own.
    pub(super) fn written_heights(&self) -> Vec<f64> {
        match self.own_heights {
            Some(_) => self.model().hfield_data().iter().map(|&height| height.into()).collect(),
            None => Vec::new(),
        }
    }

    /// Changes whenever the height fields do.
    pub(super) fn heights_version(&self) -> u64 {
        self.heights_version
    }

    /// Puts the model's own numbers back.
    pub(super) fn restore_model(&mut self) -> Result<(), EnvError> {
        for ((field, index), original) in std::mem::take(&mut self.written) {
            field.replace(self.model_mut(), index, original)?;
        }
        if let Some(own) = self.own_heights.take() {
            self.model_mut().hfield_data_mut().copy_from_slice(&own);
            self.heights_version += 1;
        }
        Ok(())
    }

    /// Shows the model with other colours of a texture: to every texel some numbers are added, one
    /// a channel, within what a byte holds.
    pub(super) fn with_shifted_texture(
        &mut self,
        texture: usize,
        shift: [i16; 3],
        show: impl FnOnce(&MjModel),
    ) {
        let model = self.model();
        let [height, width, channels] =
            [model.tex_height(), model.tex_width(), model.tex_nchannel()]
                .map(|numbers| numbers[texture] as usize);
        // What is not in the model but in a file of its own has no address.
        let Ok(start) = usize::try_from(model.tex_adr()[texture]) else { return };
        let texels = start..start + height * width * channels;
        let own = model.tex_data()[texels.clone()].to_vec();
        let model = self.model_mut();
        for texel in model.tex_data_mut()[texels.clone()].chunks_exact_mut(channels) {
            for (channel, shift) in texel.iter_mut().zip(shift) {
                *channel = (i16::from(*channel) + shift).clamp(0, 255) as u8;
            }
        }
        show(model);
        model.tex_data_mut()[texels].copy_from_slice(&own);
    }

    fn model_mut(&mut self) -> &mut MjModel {
        // SAFETY: the callers write elevations of height fields and texels, or hand the model to
        // `ModelField::replace`, which writes single numbers of positions, rotations, sizes,
        // colours, damping, stiffness and the weights of joints in tendons: no length, index or
        // address table.
        unsafe { self.data.model_mut() }
    }

    /// Sets the simulation to the model's own start, nothing computed from it.
    pub(super) fn clear(&mut self) {
        self.data.reset();
    }

    /// Begins a reset: the model's own start, with everything that follows from it computed.
    pub(super) fn begin_reset(&mut self) {
        self.clear();
        // The task sets another state at once, and what is wrong with this one shows there again.
        let _ = self.forward();
    }

    /// Computes all that follows from positions and velocities. Actuators are switched off
    /// meanwhile, since there is no control yet.
    ///
    /// # Errors
    /// [`EnvError::Diverged`].
    pub fn forward(&mut self) -> Result<(), EnvError> {
        let flags = self.data.model_opt().disableflags;
        self.data.model_opt_mut().disableflags = flags | mjtDisableBit::mjDSBL_ACTUATION as i32;
        let outcome = self.check(|data| data.forward());
        self.data.model_opt_mut().disableflags = flags;
        outcome
    }

    /// Advances by some simulation steps, and leaves everything that depends on positions and
    /// velocities alone up to date.
    ///
    /// MuJoCo's own step computes forces first and moves last, so that after it all but positions
    /// and velocities are one step old. So the second half of a step comes first here and the first
    /// half last; a Runge-Kutta step cannot be split, and only gains the first half at the end.
    ///
    /// # Errors
    /// [`EnvError::Diverged`].
    pub fn step(&mut self, steps: usize) -> Result<(), EnvError> {
        let runge_kutta = self.data.model_opt().integrator == mjtIntegrator::mjINT_RK4 as i32;
        self.check(|data| {
            let whole_steps = if runge_kutta {
                steps
            } else {
                data.step2();
                steps - 1
            };
            for _ in 0..whole_steps {
                data.step();
            }
            data.step1();
        })
    }

    /// Runs a part of the simulation, and fails where it raised a warning.
    fn check(&mut self, run: impl FnOnce(&mut MjData<Box<MjModel>>)) -> Result<(), EnvError> {
        let counts = |data: &MjData<Box<MjModel>>| {
            std::array::from_fn::<i32, { WARNINGS.len() }, _>(|i| data.warning()[i].number)
        };
        let (before, time) = (counts(&self.data), self.data.time());
        run(&mut self.data);
        let after = counts(&self.data);
        let raised = WARNINGS.iter().zip(before.iter().zip(after));
        let warnings: Vec<_> =
            raised.filter(|(_, (before, after))| after > before).map(|(&name, _)| name).collect();
        if warnings.is_empty() { Ok(()) } else { Err(EnvError::Diverged { time, warnings }) }
    }
}

/// The folder with the suite's models: beside the installed program, else where the build found
/// MuJoCo.
pub(super) fn suite_folder() -> Result<PathBuf, EnvError> {
    let executable = std::env::current_exe().unwrap_or_default();
    let prefix = executable.parent().unwrap_or(Path::new("")).join("..");
    let installed = prefix.join("share/curl-rl/dm_control/suite");
    let built = Path::new(env!("CURL_NATIVE_DIR")).join("dm_control/suite");
    let found = [&installed, &built].into_iter().find(|folder| folder.is_dir()).cloned();
    found.ok_or(EnvError::ModelsMissing { installed, built })
}

/// Keeps MuJoCo from writing a log file into the working folder and warnings to the terminal: a
/// warning comes back as an [`EnvError`].
fn route_messages() {
    static ONCE: Once = Once::new();
    // SAFETY: this crate uses MuJoCo through loaded models only, and no model is loaded before this
    // has run once.
    ONCE.call_once(|| unsafe { set_log_handler(report_fatal) });
}

/// MuJoCo ends the process after an error, so this is the last chance to say why.
fn report_fatal(message: &MjLogMessage) {
    if message.level() == MjtLogLevel::mjLOG_ERROR {
        eprintln!("MuJoCo cannot go on: {}", message.subject());
    }
}
