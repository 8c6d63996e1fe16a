//! The control suite's tasks agree with dm_control 1.0.50 on MuJoCo 3.17.0, number by number and
//! picture by picture.
//!
//! `tests/parity/env/<domain>-<task>.json` holds a start, the rewards, discounts and observations
//! of a stream of actions from it, and single states ("probes") with theirs. The pictures beside it
//! show the start at 84 pixels and, where they are there, the start and the state after the last
//! step at 100. `generate_env_cases.py` makes such cases. More of the same form are tried in the
//! folder `env` of the one that `CURL_PARITY_DIR` names.

use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use curl_envs::dmc::{ModelField, ModelValue, State};
use curl_envs::{Action, ActionSpec, Dmc, Ended, Env, EnvError, Frame, Quality, psnr};
use serde_json::Value;

use super::formula::units;
use super::pictures::{HEIGHTS_SIDE, read_floats, read_png};
use super::{Cases, check_all, further_cases, own_cases};

/// Largest difference of a reward or an observation.
const TOLERANCE: f64 = 1e-9;
/// The same as a share of numbers so large that they are rounded by more: sums in another order. The
/// controls of the domain `lqr` have no bounds but MuJoCo's of 1e10, and its rewards are their squares.
const ROUNDING: f64 = 4.0 * f64::EPSILON;
/// Least peak signal-to-noise ratio of a picture with the model's own settings, in dB. The graphics
/// driver that drew the cases (Mesa 22.3 without a graphics card) draws the same bytes again; the
/// margin is for the rounding of other versions, and too small for any other setting.
const MODEL_PSNR: f64 = 60.0;
/// Least peak signal-to-noise ratio of the pictures that agents see, in dB.
const REDUCED_PSNR: f64 = 40.0;

/// MuJoCo's name of the height fields' numbers. The suite has one field.
const HEIGHTS: &str = "hfield_data";

#[test]
fn parity_of_the_environments_with_our_own_cases() {
    check_all(&own_cases(Cases::Environment), check);
}

#[test]
fn parity_of_the_environments_with_further_cases() {
    check_all(&further_cases(Cases::Environment), check);
}

fn check(path: &Path) -> Result<(), String> {
    let skip_unknown =
        std::env::var("CURL_PARITY_SKIP_UNKNOWN_TASKS").is_ok_and(|skip| skip == "1");
    match Case::open(path) {
        Err(unknown @ EnvError::UnknownId { .. }) if skip_unknown => {
            println!("{} is skipped: {unknown}", path.display());
            Ok(())
        }
        Err(error) => Err(format!("{}: {error}", path.display())),
        Ok(mut case) => case.check(),
    }
}

struct Case {
    /// `<domain>-<task>`.
    name: String,
    folder: PathBuf,
    json: Value,
    env: Dmc,
    /// Names of the observation's parts and how many numbers each has, in order.
    parts: Vec<(String, usize)>,
    worst_number: f64,
    worst_model_picture: f64,
    worst_reduced_picture: f64,
}

impl Case {
    fn open(path: &Path) -> Result<Self, EnvError> {
        let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let json: Value = serde_json::from_reader(BufReader::new(file))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = format!("{}-{}", text(&json["domain"]), text(&json["task"]));
        let env = Dmc::make(&format!("dmc:{name}"))?;
        let parts = env.spec().observation.clone();
        let folder = path.parent().expect("a file lies in a folder").to_owned();
        Ok(Self {
            name,
            folder,
            json,
            env,
            parts,
            worst_number: 0.0,
            worst_model_picture: f64::INFINITY,
            worst_reduced_picture: f64::INFINITY,
        })
    }

    fn check(&mut self) -> Result<(), String> {
        self.check_spec()?;
        self.check_trajectory()?;
        self.check_probes()?;
        println!(
            "{}: largest difference {:e}, least similar picture {:.1} dB with the model's settings \
             and {:.1} dB as agents see it",
            self.name, self.worst_number, self.worst_model_picture, self.worst_reduced_picture
        );
        Ok(())
    }

    fn check_spec(&mut self) -> Result<(), String> {
        let timestep = self.env.control_timestep();
        self.near("spec", "control timestep", number(&self.json["control_timestep"]), timestep)?;
        let n_sub_steps = self.env.n_sub_steps() as f64;
        self.same("spec", "sub-steps", number(&self.json["n_sub_steps"]), n_sub_steps)?;
        let episode_steps = self.env.spec().time_limit.map(|steps| steps as f64);
        self.same("spec", "episode steps", self.json["episode_steps"].as_f64(), episode_steps)?;
        let ActionSpec::Continuous { low, high } = self.env.spec().action.clone() else {
            return Err(self.failure("spec", "action", "continuous", "discrete"));
        };
        self.same("spec", "lower bounds of the action", &numbers(&self.json["action_min"]), &low)?;
        self.same("spec", "upper bounds of the action", &numbers(&self.json["action_max"]), &high)?;
        let shapes = self.json["observation"].as_object().expect("shapes by name");
        let mut expected: Vec<(String, usize)> = shapes
            .iter()
            .map(|(part, shape)| (part.clone(), numbers(shape).iter().product::<f64>() as usize))
            .collect();
        let mut got = self.parts.clone();
        // The file's order of names was lost where it was parsed.
        expected.sort();
        got.sort();
        self.same("spec", "names and sizes of the observation", &expected, &got)
    }

    fn check_trajectory(&mut self) -> Result<(), String> {
        let json = std::mem::take(&mut self.json);
        self.start_at(&start_state(&json, &self.folder))?;
        self.check_observation("first observation", &json["first_observation"])?;
        self.check_picture("84", 84)?;
        self.check_picture("100", 100)?;
        let steps = json["steps"].as_array().expect("a list of steps");
        let dimensions = numbers(&json["action_min"]).len();
        let actions = units(text(&json["action_stream"]), steps.len() * dimensions);
        for (t, (step, action)) in steps.iter().zip(actions.chunks_exact(dimensions)).enumerate() {
            let at = format!("step {t}");
            let taken = self.env.step(Action::Continuous(action));
            let taken = taken.map_err(|error| format!("{}, {at}: {error}", self.name))?;
            self.near(&at, "reward", number(&step["reward"]), taken.reward)?;
            let discount = if taken.ended == Some(Ended::Terminated) { 0.0 } else { 1.0 };
            self.near(&at, "discount", number(&step["discount"]), discount)?;
            self.check_observation(&at, &step["observation"])?;
        }
        self.check_picture("100-after", 100)?;
        self.json = json;
        Ok(())
    }

    /// Single states of the case's own model: positions and velocities, all else at rest.
    fn check_probes(&mut self) -> Result<(), String> {
        let json = std::mem::take(&mut self.json);
        let start = start_state(&json, &self.folder);
        for (index, probe) in
            json["probes"].as_array().expect("a list of probes").iter().enumerate()
        {
            let at = format!("probe {index}");
            self.start_at(&State {
                qpos: numbers(&probe["qpos"]),
                qvel: numbers(&probe["qvel"]),
                act: vec![0.0; start.act.len()],
                ..start.clone()
            })?;
            self.near(&at, "reward", number(&probe["reward"]), self.env.reward())?;
            self.check_observation(&at, &probe["observation"])?;
        }
        self.json = json;
        Ok(())
    }

    fn start_at(&mut self, state: &State) -> Result<(), String> {
        self.env.set_simulation_state(state).map_err(|error| format!("{}: {error}", self.name))
    }

    /// Checks the observation where the case has one.
    fn check_observation(&mut self, at: &str, expected: &Value) -> Result<(), String> {
        if expected.is_null() {
            return Ok(());
        }
        let mut observation = vec![0.0; self.env.spec().observation_len()];
        self.env.observe(&mut observation);
        let mut rest = observation.as_slice();
        for (part, len) in self.parts.clone() {
            let (got, after) = rest.split_at(len);
            rest = after;
            let expected = numbers(&expected[&part]);
            self.same(at, &format!("numbers of observation {part:?}"), expected.len(), len)?;
            for (index, (&expected, &got)) in expected.iter().zip(got).enumerate() {
                self.near(at, &format!("observation {part:?}[{index}]"), expected, got)?;
            }
        }
        Ok(())
    }

    /// Checks the picture where the case has it; all have that of the start at 84 pixels.
    fn check_picture(&mut self, suffix: &str, size: usize) -> Result<(), String> {
        let file = self.folder.join(format!("{}-{suffix}.png", self.name));
        if suffix != "84" && !file.exists() {
            return Ok(());
        }
        let expected = read_png(&file, (size, size, png::ColorType::Rgb))?;
        let model = self.similarity(Quality::Model, &expected, size)?;
        let reduced = self.similarity(Quality::Reduced, &expected, size)?;
        self.worst_model_picture = self.worst_model_picture.min(model);
        self.worst_reduced_picture = self.worst_reduced_picture.min(reduced);
        for (quality, least, got) in
            [(Quality::Model, MODEL_PSNR, model), (Quality::Reduced, REDUCED_PSNR, reduced)]
        {
            if got < least {
                let (at, quantity) = (format!("picture {suffix}"), format!("PSNR of {quality:?}"));
                let (expected, got) = (format!("{least} dB or more"), format!("{got:.1} dB"));
                return Err(self.failure(&at, &quantity, &expected, &got));
            }
        }
        Ok(())
    }

    /// Draws the present state, and compares.
    fn similarity(
        &mut self,
        quality: Quality,
        expected: &[u8],
        size: usize,
    ) -> Result<f64, String> {
        let mut got = vec![0; expected.len()];
        self.env.set_quality(quality);
        let frame = Frame { pixels: &mut got, height: size, width: size };
        self.env.render(frame).map_err(|error| format!("{}: {error}", self.name))?;
        Ok(psnr(expected, &got))
    }

    fn near(&mut self, at: &str, quantity: &str, expected: f64, got: f64) -> Result<(), String> {
        let difference = (expected - got).abs();
        self.worst_number = self.worst_number.max(difference);
        if difference <= TOLERANCE.max(ROUNDING * expected.abs()) {
            Ok(())
        } else {
            Err(self.failure(at, quantity, expected, got))
        }
    }

    fn same<T: PartialEq + std::fmt::Debug>(
        &self,
        at: &str,
        quantity: &str,
        expected: T,
        got: T,
    ) -> Result<(), String> {
        if expected == got {
            return Ok(());
        }
        Err(self.failure(at, quantity, format!("{expected:?}"), format!("{got:?}")))
    }

    fn failure(
        &self,
        at: &str,
        quantity: &str,
        expected: impl Display,
        got: impl Display,
    ) -> String {
        format!("{}, {at}: {quantity}: expected {expected}, got {got}", self.name)
    }
}

fn start_state(json: &Value, folder: &Path) -> State {
    State {
        time: number(&json["time"]),
        qpos: numbers(&json["qpos"]),
        qvel: numbers(&json["qvel"]),
        act: numbers(&json["act"]),
        ctrl: numbers(&json["ctrl"]),
        qacc_warmstart: numbers(&json["qacc_warmstart"]),
        mocap_pos: numbers(&json["mocap_pos"]),
        mocap_quat: numbers(&json["mocap_quat"]),
        model: model_values(&json["model_overrides"]),
        heights: heights(&json["model_overrides"][HEIGHTS], folder),
        ..State::default()
    }
}

/// Reads `{field: [[flat index, value], ...]}`, all but height fields.
fn model_values(overrides: &Value) -> Vec<ModelValue> {
    let fields = overrides.as_object().expect("overrides by field");
    let values = fields.iter().filter(|&(name, _)| name != HEIGHTS).flat_map(|(name, values)| {
        let field = ModelField::named(name);
        let field = field.unwrap_or_else(|| panic!("no reset of ours writes to {name}"));
        values.as_array().expect("a list of values").iter().map(move |pair| ModelValue {
            field,
            index: number(&pair[0]) as usize,
            value: number(&pair[1]),
        })
    });
    values.collect()
}

/// Reads a height field: `[[flat index, value], ...]` where it is not 0, or the name of a picture of
/// its numbers in the folder. A case without one has none.
fn heights(json: &Value, folder: &Path) -> Vec<f64> {
    let Some(pairs) = json.as_array() else {
        return json.as_str().map_or_else(Vec::new, |file| read_floats(&folder.join(file)));
    };
    let mut heights = vec![0.0; HEIGHTS_SIDE * HEIGHTS_SIDE];
    for pair in pairs {
        heights[number(&pair[0]) as usize] = number(&pair[1]);
    }
    heights
}

fn text(json: &Value) -> &str {
    json.as_str().unwrap_or_else(|| panic!("expected a text, got {json}"))
}

fn number(json: &Value) -> f64 {
    json.as_f64().unwrap_or_else(|| panic!("expected a number, got {json}"))
}

/// The numbers of a list, of nested lists in order, or of a single number.
fn numbers(json: &Value) -> Vec<f64> {
    match json.as_array() {
        Some(list) => list.iter().flat_map(numbers).collect(),
        None => vec![number(json)],
    }
}
