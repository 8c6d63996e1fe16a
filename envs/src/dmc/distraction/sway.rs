//! A camera that moves smoothly about what it looks at.
//!
//! The ranges are those of the Distracting Control Suite for its scale beta: a quarter turn times
//! beta to each side, up and down, and about the line of sight, and a distance of 1 - 0.5 beta to
//! 1 + 1.5 beta of the camera's own. What is looked at lies on the line of sight, as far away as the
//! centre of mass of the model's first body, and the camera never sinks below it, so that it stays
//! above the ground.
//!
//! There the camera walks at random, which takes random numbers all along. Here each of the four is
//! the mean of two sines of random phases and periods, so that the whole path is known when the
//! episode begins. The shortest period is 100 env steps: at most it turns sideways by
//! (pi / 2) beta (2 pi / 100) = 0.0099 rad in an env step at beta = 0.1, as there, where the limit
//! is 0.01 rad.

use std::f64::consts::{FRAC_PI_2, TAU};

use mujoco_rs::prelude::*;
use rand::Rng;

use crate::dmc::randomize::uniform;

/// Shortest and longest period of a sine, in env steps.
const PERIODS: [f64; 2] = [100.0, 400.0];
/// Largest change of the distance at full strength, inwards and outwards.
const NEARER: f64 = 0.5;
const FARTHER: f64 = 1.5;
/// Sideways, upwards, about the line of sight, and the distance.
const MOTIONS: usize = 4;

#[derive(Clone, Copy, Debug)]
struct Wave {
    /// Env steps.
    period: f64,
    /// Radians at the start.
    phase: f64,
}

/// The path of an episode's camera.
#[derive(Debug)]
pub(super) struct Sway {
    motions: [[Wave; 2]; MOTIONS],
}

impl Sway {
    pub(super) fn draw(rng: &mut dyn Rng) -> Self {
        let mut wave =
            || Wave { period: uniform(rng, PERIODS[0], PERIODS[1]), phase: uniform(rng, 0.0, TAU) };
        Self { motions: std::array::from_fn(|_| std::array::from_fn(|_| wave())) }
    }

    /// Period and phase of each wave in turn.
    pub(super) fn numbers(&self) -> Vec<f64> {
        self.motions.as_flattened().iter().flat_map(|wave| [wave.period, wave.phase]).collect()
    }

    /// The path of such numbers, or what is wrong with them.
    pub(super) fn of(numbers: &[f64]) -> Result<Self, String> {
        let (waves, _) = numbers.as_chunks::<4>();
        let Some(waves) = waves.as_array::<MOTIONS>().filter(|_| numbers.len() == 4 * MOTIONS)
        else {
            return Err(format!("{} numbers, expected {}", numbers.len(), 4 * MOTIONS));
        };
        let motions = waves.map(|[period, phase, other_period, other_phase]| {
            [Wave { period, phase }, Wave { period: other_period, phase: other_phase }]
        });
        let (periods, phases) = (PERIODS[0]..=PERIODS[1], 0.0..=TAU);
        let fits = |wave: &Wave| periods.contains(&wave.period) && phases.contains(&wave.phase);
        match motions.as_flattened().iter().find(|wave| !fits(wave)) {
            Some(Wave { period, phase }) => {
                Err(format!("a wave of period {period} and phase {phase}, which none has"))
            }
            None => Ok(Self { motions }),
        }
    }

    /// The view at an env step.
    pub(super) fn view(&self, strength: f64, env_step: u64) -> View {
        let sine = |wave: &Wave| (TAU * env_step as f64 / wave.period + wave.phase).sin();
        let [aside, up, roll, distance] =
            std::array::from_fn(|motion| self.motions[motion].iter().map(sine).sum::<f64>() / 2.0);
        View { strength, aside, up, roll, distance }
    }
}

/// A view from elsewhere: how far the camera is along each of its ranges, from -1 to 1.
#[derive(Clone, Copy, Debug)]
pub(in crate::dmc) struct View {
    strength: f64,
    aside: f64,
    up: f64,
    roll: f64,
    distance: f64,
}

impl View {
    /// Moves a camera about the point at some distance before it.
    pub(in crate::dmc) fn apply(self, camera: &mut MjvGLCamera, distance: f64) {
        let [position, forward, up] =
            [camera.pos, camera.forward, camera.up].map(|vector| vector.map(f64::from));
        let widest = FRAC_PI_2 * self.strength;
        // How far the camera is above that point, as an angle.
        let above = (-forward[2]).clamp(0.0, 1.0).asin();
        let lowest = -above.min(widest);
        let right = cross(forward, up);
        let (up, forward) = turned(up, forward, between(lowest, widest, self.up));
        let (right, forward) = turned(right, forward, widest * self.aside);
        let (up, _) = turned(up, right, widest * self.roll);
        let scale = 1.0 + self.strength * between(-NEARER, FARTHER, self.distance);
        let own_forward = camera.forward.map(f64::from);
        for axis in 0..3 {
            let center = position[axis] + distance * own_forward[axis];
            camera.pos[axis] = (center - distance * scale * forward[axis]) as f32;
            camera.forward[axis] = forward[axis] as f32;
            camera.up[axis] = up[axis] as f32;
        }
    }
}

/// The number at -1 to 1 of a range.
fn between(low: f64, high: f64, at: f64) -> f64 {
    low + (high - low) * (at + 1.0) / 2.0
}

/// Two perpendicular vectors, turned in their plane from the second towards minus the first: a camera
/// whose `up` and `forward` are turned so looks down more.
fn turned(first: [f64; 3], second: [f64; 3], angle: f64) -> ([f64; 3], [f64; 3]) {
    let (sin, cos) = angle.sin_cos();
    let turned_first = std::array::from_fn(|axis| cos * first[axis] + sin * second[axis]);
    let turned_second = std::array::from_fn(|axis| cos * second[axis] - sin * first[axis]);
    (turned_first, turned_second)
}

fn cross([a, b, c]: [f64; 3], [x, y, z]: [f64; 3]) -> [f64; 3] {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const DISTANCE: f64 = 4.0;

    /// A camera 3 m above the ground that looks down by an angle along y.
    fn camera(down: f64) -> MjvGLCamera {
        let (sin, cos) = (down.sin() as f32, down.cos() as f32);
        let (forward, up) = ([0.0, cos, -sin], [0.0, sin, cos]);
        MjvGLCamera {
            pos: [0.0, -4.0, 3.0],
            forward,
            up,
            frustum_center: 0.0,
            frustum_width: 0.0,
            frustum_bottom: -0.01,
            frustum_top: 0.01,
            frustum_near: 0.01,
            frustum_far: 100.0,
            orthographic: 0,
        }
    }

    fn center(camera: &MjvGLCamera, distance: f64) -> [f64; 3] {
        let along = |axis| f64::from(camera.pos[axis]) + distance * f64::from(camera.forward[axis]);
        std::array::from_fn(along)
    }

    #[test]
    fn the_camera_stays_on_its_segment_of_the_sphere_and_looks_at_its_middle() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for strength in [0.1, 0.3, 1.0] {
            for down in [-0.3, 0.0, 0.4, FRAC_PI_2] {
                for step in (0..2000).step_by(50) {
                    let own = camera(down);
                    let mut moved = own.clone();
                    Sway::draw(&mut rng).view(strength, step).apply(&mut moved, DISTANCE);
                    let middle = center(&own, DISTANCE);
                    let offset: [f64; 3] =
                        std::array::from_fn(|axis| f64::from(moved.pos[axis]) - middle[axis]);
                    let distance = offset.iter().map(|x| x * x).sum::<f64>().sqrt();
                    let (near, far) = (1.0 - NEARER * strength, 1.0 + FARTHER * strength);
                    assert!((near - 1e-5..far + 1e-5).contains(&(distance / DISTANCE)));
                    let seen = center(&moved, distance);
                    assert!(seen.iter().zip(middle).all(|(a, b)| (a - b).abs() < 1e-4), "{seen:?}");
                    // Not below what it looks at, or where it was if that is lower.
                    let lowest = (DISTANCE * down.sin()).min(0.0) * (distance / DISTANCE);
                    assert!(offset[2] >= lowest - 1e-4, "{strength}, {down}: {offset:?}");
                    let squares = |vector: [f32; 3]| vector.iter().map(|x| x * x).sum::<f32>();
                    assert!((squares(moved.forward) - 1.0).abs() < 1e-5);
                    assert!((squares(moved.up) - 1.0).abs() < 1e-5);
                    let across =
                        moved.forward.iter().zip(moved.up).map(|(f, u)| f * u).sum::<f32>();
                    assert!(across.abs() < 1e-5, "up and forward are perpendicular: {across}");
                }
            }
        }
    }

    #[test]
    fn paths_are_smooth_and_fill_their_ranges() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let (mut least, mut greatest, mut sum) = ([0.0f64; 4], [0.0f64; 4], [0.0; 4]);
        for _ in 0..200 {
            let sway = Sway::draw(&mut rng);
            let mut before = None;
            for step in 0..100 {
                let View { aside, up, roll, distance, .. } = sway.view(0.1, step);
                let at = [aside, up, roll, distance];
                for motion in 0..MOTIONS {
                    least[motion] = least[motion].min(at[motion]);
                    greatest[motion] = greatest[motion].max(at[motion]);
                    sum[motion] += at[motion];
                    let step = before.map_or(0.0, |before: [f64; 4]| at[motion] - before[motion]);
                    assert!(step.abs() <= TAU / PERIODS[0], "{step}");
                }
                before = Some(at);
            }
        }
        for motion in 0..MOTIONS {
            assert!((-1.0..-0.9).contains(&least[motion]), "{least:?}");
            assert!((0.9..=1.0).contains(&greatest[motion]), "{greatest:?}");
            assert!((sum[motion] / 20_000.0).abs() < 0.15, "{sum:?}");
        }
    }

    #[test]
    fn a_path_is_its_numbers_and_others_are_refused() {
        let numbers = Sway::draw(&mut ChaCha8Rng::seed_from_u64(3)).numbers();
        assert_eq!(Sway::of(&numbers).expect("they are a path's").numbers(), numbers);
        assert!(Sway::of(&numbers[1..]).is_err_and(|problem| problem.contains("15 numbers")));
        for wrong in [0.0, -1.0, f64::NAN, 1e300] {
            let mut numbers = numbers.clone();
            numbers[2] = wrong;
            assert!(Sway::of(&numbers).is_err_and(|problem| problem.contains("period")), "{wrong}");
        }
    }
}
