//! gym-rs's MountainCar: a car too weak to drive up a hill without a run-up.
//!
//! Its equations, bounds and starts are those of Gym's MountainCar-v0.

use gym_rs::envs::classical_control::mountain_car::MountainCarEnv;

use super::Playable;
use super::canvas::{Canvas, Rgb};
use crate::env::{Action, ActionSpec, Spec};
use crate::error::EnvError;

pub(super) const ID: &str = "gym:MountainCar-v0";
const TIME_LIMIT: u64 = 200;

impl Playable for MountainCarEnv {
    fn spec(&self) -> Spec {
        Spec {
            id: ID.to_owned(),
            action: ActionSpec::Discrete { n: self.action_space.0 },
            observation: ["position", "velocity"].map(|name| (name.to_owned(), 1)).to_vec(),
            // Its equations have no unit of time; Gym shows 30 steps a second.
            control_timestep: 1.0 / 30.0,
            time_limit: Some(TIME_LIMIT),
            // One step from the start moves the car by less than a tenth of a pixel in 84, and
            // random actions that change with every step take it nowhere.
            default_action_repeat: 4,
        }
    }

    fn action(spec: &Spec, action: Action<'_>) -> Result<usize, EnvError> {
        spec.discrete(action)
    }

    fn draw(&self, canvas: &mut Canvas) {
        let left = self.min_position.into_inner();
        let right = self.max_position.into_inner();
        let scale = Canvas::WIDTH / (right - left);
        let ground = |position: f64| [(position - left) * scale, height(position) * scale];
        let at = |step: usize| left + (right - left) * step as f64 / HILL_STEPS as f64;
        let hills: Vec<[f64; 2]> = (0..=HILL_STEPS).map(|step| ground(at(step))).collect();
        canvas.line(&hills, BLACK);
        let position = self.state.position.into_inner();
        draw_car(canvas, ground(position), (3.0 * position).cos());
        draw_flag(canvas, ground(self.goal_position.into_inner()));
    }
}

/// Height of the hills, in the unit of positions.
fn height(position: f64) -> f64 {
    (3.0 * position).sin() * 0.45 + 0.55
}

const BLACK: Rgb = [0; 3];
const GREY: Rgb = [128; 3];
const YELLOW: Rgb = [204, 204, 0];

/// Straight pieces that the hills are drawn of.
const HILL_STEPS: usize = 99;
const CAR_LENGTH: f64 = 40.0;
const CAR_HEIGHT: f64 = 20.0;
/// From the ground up to the axles.
const CLEARANCE: f64 = 10.0;
const WHEEL_RADIUS: f64 = 8.0;

/// Draws the car on the ground at `[x, y]`, turned to the left by `angle`.
fn draw_car(canvas: &mut Canvas, [x, y]: [f64; 2], angle: f64) {
    let (sin, cos) = angle.sin_cos();
    let turned = |[along, up]: [f64; 2]| {
        [x + along * cos - up * sin, y + CLEARANCE + along * sin + up * cos]
    };
    let half = CAR_LENGTH / 2.0;
    let body = [[-half, 0.0], [-half, CAR_HEIGHT], [half, CAR_HEIGHT], [half, 0.0]];
    canvas.polygon(&body.map(turned), BLACK);
    for wheel in [CAR_LENGTH / 4.0, -CAR_LENGTH / 4.0] {
        canvas.circle(turned([wheel, 0.0]), WHEEL_RADIUS, GREY);
    }
}

/// Draws the flag whose pole stands at `[x, y]`.
fn draw_flag(canvas: &mut Canvas, [x, y]: [f64; 2]) {
    let (pole, top) = (x + 0.5, y + 50.0);
    canvas.line(&[[pole, y], [pole, top]], BLACK);
    canvas.polygon(&[[x, top], [x, top - 10.0], [x + 25.0, top - 5.0]], YELLOW);
}
