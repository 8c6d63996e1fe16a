//! The whole state of a control-suite episode as plain numbers, to save and to continue from.

use std::ops::RangeInclusive;

pub use super::model_field::{ModelField, ModelValue};
use super::physics::Physics;
use crate::env::EnvState;
use crate::error::EnvError;

/// Everything that the rest of an episode depends on.
///
/// A state that [`super::Dmc::simulation_state`] took continues bit for bit. A state made by hand may leave
/// `sensors` empty: they are then computed anew from positions and velocities, without actuation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Env steps since the reset.
    pub env_step: u64,
    /// Simulated seconds.
    pub time: f64,
    pub qpos: Vec<f64>,
    pub qvel: Vec<f64>,
    /// Activations of actuators that have some.
    pub act: Vec<f64>,
    pub ctrl: Vec<f64>,
    /// Where the constraint solver starts from.
    pub qacc_warmstart: Vec<f64>,
    /// 3 numbers per motion-capture body.
    pub mocap_pos: Vec<f64>,
    /// 4 numbers per motion-capture body.
    pub mocap_quat: Vec<f64>,
    /// Sensors that measure accelerations and forces keep the last step's values until the next.
    pub sensors: Vec<f64>,
    /// The numbers that resets wrote into the model.
    pub model: Vec<ModelValue>,
    /// The elevations of the model's height fields, row by row, as parts of a field's own height;
    /// none where they are the model's own.
    pub heights: Vec<f64>,
}

/// Begins the names of a stored state's model arrays.
const MODEL: &str = "model.";
/// The name of a stored state's height fields.
const HEIGHTS: &str = "model.hfield_data";
/// Elevations that a height field may have. Splines through numbers of [0, 1] go a little beyond.
const HEIGHT_RANGE: RangeInclusive<f64> = -1.0..=2.0;

impl State {
    pub(super) fn of(physics: &Physics, env_step: u64) -> Self {
        let data = physics.data();
        Self {
            env_step,
            time: data.time(),
            qpos: data.qpos().to_vec(),
            qvel: data.qvel().to_vec(),
            act: data.act().to_vec(),
            ctrl: data.ctrl().to_vec(),
            qacc_warmstart: data.qacc_warmstart().to_vec(),
            mocap_pos: data.mocap_pos().as_flattened().to_vec(),
            mocap_quat: data.mocap_quat().as_flattened().to_vec(),
            sensors: data.sensordata().to_vec(),
            model: physics.model_values(),
            heights: physics.written_heights(),
        }
    }

    /// The same numbers under names. Those of the model are `model.<array>`: index and value in turn,
    /// or all of the array's where it is of height fields.
    pub(super) fn to_env_state(&self) -> EnvState {
        let mut named = EnvState::from([
            ("env_step".to_owned(), vec![self.env_step as f64]),
            ("time".to_owned(), vec![self.time]),
        ]);
        for (name, numbers) in self.lists() {
            named.insert(name.to_owned(), numbers.clone());
        }
        for &ModelValue { field, index, value } in &self.model {
            let name = format!("{MODEL}{}", field.name());
            named.entry(name).or_default().extend([index as f64, value]);
        }
        if !self.heights.is_empty() {
            named.insert(HEIGHTS.to_owned(), self.heights.clone());
        }
        named
    }

    /// The state that has these names and numbers, or what is wrong with them. Whether they are as
    /// many as the model has, [`Self::write`] finds out.
    pub(super) fn from_env_state(named: &EnvState) -> Result<Self, String> {
        let is_finite = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
        if let Some((name, _)) = named.iter().find(|(_, numbers)| !is_finite(numbers)) {
            return Err(format!("{name} has a number that is not finite"));
        }
        let mut state = Self::default();
        let mut known = 0;
        let mut take = |name: &str| {
            let numbers = named.get(name).ok_or_else(|| format!("it has no {name}"))?;
            known += 1;
            Ok::<_, String>(numbers.clone())
        };
        let one = |name: &str, numbers: Vec<f64>| match numbers[..] {
            [number] => Ok(number),
            _ => Err(format!("{name} has {} numbers, expected 1", numbers.len())),
        };
        state.env_step = one("env_step", take("env_step")?)? as u64;
        state.time = one("time", take("time")?)?;
        for (name, numbers) in state.lists_mut() {
            *numbers = take(name)?;
        }
        for field in ModelField::ALL {
            let Some(pairs) = named.get(&format!("{MODEL}{}", field.name())) else { continue };
            known += 1;
            let (pairs, rest) = pairs.as_chunks();
            if !rest.is_empty() {
                return Err(format!("{MODEL}{} has an index without a value", field.name()));
            }
            if let Some([_, value]) = pairs.iter().find(|[_, value]| !field.admits(*value)) {
                return Err(format!("{MODEL}{} has {value}, expected 0 or more", field.name()));
            }
            let value =
                |&[index, value]: &[f64; 2]| ModelValue { field, index: index as usize, value };
            state.model.extend(pairs.iter().map(value));
        }
        if let Some(heights) = named.get(HEIGHTS) {
            known += 1;
            if let Some(height) = heights.iter().find(|height| !HEIGHT_RANGE.contains(height)) {
                return Err(format!("{HEIGHTS} has {height}, expected {HEIGHT_RANGE:?}"));
            }
            state.heights.clone_from(heights);
        }
        if known < named.len() {
            return Err(format!(
                "{} of its names are not those of a simulation",
                named.len() - known
            ));
        }
        Ok(state)
    }

    fn lists(&self) -> [(&'static str, &Vec<f64>); 8] {
        [
            ("qpos", &self.qpos),
            ("qvel", &self.qvel),
            ("act", &self.act),
            ("ctrl", &self.ctrl),
            ("qacc_warmstart", &self.qacc_warmstart),
            ("mocap_pos", &self.mocap_pos),
            ("mocap_quat", &self.mocap_quat),
            ("sensors", &self.sensors),
        ]
    }

    fn lists_mut(&mut self) -> [(&'static str, &mut Vec<f64>); 8] {
        [
            ("qpos", &mut self.qpos),
            ("qvel", &mut self.qvel),
            ("act", &mut self.act),
            ("ctrl", &mut self.ctrl),
            ("qacc_warmstart", &mut self.qacc_warmstart),
            ("mocap_pos", &mut self.mocap_pos),
            ("mocap_quat", &mut self.mocap_quat),
            ("sensors", &mut self.sensors),
        ]
    }

    /// Puts the simulation into this state.
    pub(super) fn write(&self, physics: &mut Physics) -> Result<(), EnvError> {
        physics.clear();
        physics.restore_model()?;
        for &ModelValue { field, index, value } in &self.model {
            physics.set_model(field, index, value)?;
        }
        if !self.heights.is_empty() {
            physics.set_heights(&self.heights)?;
        }
        let data = physics.data_mut();
        data.set_time(self.time);
        write("qpos", &self.qpos, data.qpos_mut())?;
        write("qvel", &self.qvel, data.qvel_mut())?;
        write("act", &self.act, data.act_mut())?;
        write("ctrl", &self.ctrl, data.ctrl_mut())?;
        write("qacc_warmstart", &self.qacc_warmstart, data.qacc_warmstart_mut())?;
        write("mocap_pos", &self.mocap_pos, data.mocap_pos_mut().as_flattened_mut())?;
        write("mocap_quat", &self.mocap_quat, data.mocap_quat_mut().as_flattened_mut())?;
        physics.forward()?;
        if self.sensors.is_empty() {
            return Ok(());
        }
        write("sensors", &self.sensors, physics.data_mut().sensordata_mut())
    }
}

fn write(field: &'static str, from: &[f64], to: &mut [f64]) -> Result<(), EnvError> {
    let (expected, got) = (to.len(), from.len());
    if expected != got {
        return Err(EnvError::StateLength { field, expected, got });
    }
    to.copy_from_slice(from);
    Ok(())
}
