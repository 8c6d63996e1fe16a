//! Distractions: pictures whose colours or whose camera say nothing about the task, asked for at the
//! end of an id, such as `dmc:cartpole-swingup?color=0.2&camera=0.1`.
//!
//! They follow the Distracting Control Suite (Stone et al. 2021, arXiv:2101.02722) without its
//! videos. A strength is its scale beta, of which 0.1 is called easy there, 0.2 medium and 0.3 hard.
//! - `color`: every episode has colours of its own, for bodies, floor and sky (see [`colours`]).
//! - `camera`: the camera moves about what it looks at, turns and zooms (see [`sway`]).
//!
//! The simulation, and with it rewards and observations, knows nothing of either. All is drawn when
//! an episode begins, after the task's own start, which therefore is the same with and without.

mod colours;
mod sway;

use std::fmt;

use rand::Rng;

use self::colours::Materials;
pub(super) use self::colours::Shift;
use self::sway::Sway;
pub(super) use self::sway::View;
use super::physics::Physics;
use crate::env::EnvState;
use crate::error::EnvError;

/// Which distractions there are, each with its strength in [0, 1]; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Distractions {
    color: f64,
    camera: f64,
}

impl Distractions {
    /// Parts an id into the name of the task and the options behind `?`. Strengths are rounded to
    /// four places.
    ///
    /// # Errors
    /// [`EnvError::Options`].
    pub(crate) fn split(id: &str) -> Result<(&str, Self), EnvError> {
        let Some((task, options)) = id.split_once('?') else {
            return Ok((id, Self::default()));
        };
        let refused = |problem: String| EnvError::Options { id: id.to_owned(), problem };
        let (mut color, mut camera) = (None, None);
        for option in options.split('&') {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let strength = match name.trim() {
                "color" => &mut color,
                "camera" => &mut camera,
                _ => return Err(refused(format!("there is no option {name:?}"))),
            };
            if strength.is_some() {
                return Err(refused(format!("{name} is there twice")));
            }
            *strength = parse(value);
            if strength.is_none() {
                return Err(refused(format!("the strength {value:?} is not a number of [0, 1]")));
            }
        }
        Ok((task, Self { color: color.unwrap_or(0.0), camera: camera.unwrap_or(0.0) }))
    }

    /// Whether pictures are as the task has them.
    pub(crate) fn are_none(self) -> bool {
        self == Self::default()
    }
}

fn parse(strength: &str) -> Option<f64> {
    let strength: f64 = strength.trim().parse().ok()?;
    (0.0..=1.0).contains(&strength).then_some((strength * 1e4).round() / 1e4)
}

/// The end of a canonical id: nothing, or `?` and what is not off.
impl fmt::Display for Distractions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = '?';
        for (name, strength) in [("color", self.color), ("camera", self.camera)] {
            if strength != 0.0 {
                write!(f, "{separator}{name}={strength}")?;
                separator = '&';
            }
        }
        Ok(())
    }
}

/// The distractions of an environment, and what the present episode has of them.
#[derive(Debug)]
pub(super) struct Distraction {
    strengths: Distractions,
    materials: Materials,
    drawn: Drawn,
}

/// What an episode drew.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// A shift for every texture, none without other colours.
    shifts: Vec<Shift>,
    /// None without a camera that moves, and before the first episode.
    sway: Option<Sway>,
}

/// Names in a stored state.
const TEXTURES: &str = "distraction.textures";
const CAMERA: &str = "distraction.camera";

impl Distraction {
    pub(super) fn new(strengths: Distractions, physics: &Physics) -> Self {
        let (materials, shifts) = if strengths.color == 0.0 {
            (Materials::default(), Vec::new())
        } else {
            (Materials::of(physics), vec![Shift::default(); colours::texture_count(physics)])
        };
        Self { strengths, materials, drawn: Drawn { shifts, sway: None } }
    }

    /// Begins an episode.
    pub(super) fn draw(
        &mut self,
        physics: &mut Physics,
        rng: &mut dyn Rng,
    ) -> Result<(), EnvError> {
        let Distractions { color, camera } = self.strengths;
        self.materials.draw(color, physics, rng)?;
        self.drawn.shifts.fill_with(|| colours::draw_shift(color, rng));
        if camera != 0.0 {
            self.drawn.sway = Some(Sway::draw(rng));
        }
        Ok(())
    }

    /// How the colours of the textures differ from the model's, a shift each; empty if not at all.
    pub(super) fn shifts(&self) -> &[Shift] {
        &self.drawn.shifts
    }

    /// How the camera's view differs from the model's at an env step.
    pub(super) fn view(&self, env_step: u64) -> Option<View> {
        self.drawn.sway.as_ref().map(|sway| sway.view(self.strengths.camera, env_step))
    }

    /// Adds what was drawn to a state. The materials are in the model's part of it.
    pub(super) fn save(&self, state: &mut EnvState) {
        if self.strengths.color != 0.0 {
            state.insert(TEXTURES.to_owned(), self.drawn.shifts.as_flattened().to_vec());
        }
        if self.strengths.camera != 0.0 {
            let sway = self.drawn.sway.as_ref().map(Sway::numbers);
            state.insert(CAMERA.to_owned(), sway.unwrap_or_default());
        }
    }

    /// Takes what a state has of distractions out of it, or says what is wrong with it.
    pub(super) fn take_from(&self, state: &mut EnvState) -> Result<Drawn, String> {
        let mut take = |name: &str| state.remove(name).ok_or_else(|| format!("it has no {name}"));
        let mut drawn = Drawn::default();
        if self.strengths.color != 0.0 {
            let numbers = take(TEXTURES)?;
            let (shifts, rest) = numbers.as_chunks();
            let expected = self.drawn.shifts.len();
            if shifts.len() != expected || !rest.is_empty() {
                let (got, expected) = (numbers.len(), Shift::default().len() * expected);
                return Err(format!("{TEXTURES} has {got} numbers, expected {expected}"));
            }
            drawn.shifts = shifts.to_vec();
        }
        if self.strengths.camera != 0.0 {
            let numbers = take(CAMERA)?;
            if !numbers.is_empty() {
                drawn.sway =
                    Some(Sway::of(&numbers).map_err(|what| format!("{CAMERA} has {what}"))?);
            }
        }
        Ok(drawn)
    }

    /// Goes on with an episode that drew this.
    pub(super) fn restore(&mut self, drawn: Drawn) {
        self.drawn = drawn;
    }
}
