//! gym-rs's CartPole: a pole on a cart, balanced by pushes from the left and the right.
//!
//! # Not quite Gym's
//! gym-rs 0.3.0 has the rewards, bounds and equations of Gym's CartPole-v1 but for one term: where
//! Gym multiplies the pole's mass and half length (0.1 x 0.5 = 0.05), it adds them (0.6). The term
//! couples the pole's motion back to the cart: the first push on a resting cart under an upright
//! pole takes the cart to 0.341 m/s, in Gym to 0.195 m/s, and the pole to 0.293 rad/s in both. Pole
//! angles of the two stay close, cart positions do not. Random actions last as long in both (23
//! steps on average over 200 episodes), and so does pushing to the side that the pole falls to (482
//! steps, 484 in Gym).
//!
//! Left to itself, gym-rs draws each of the four numbers of a start from [-0.5, 0.5], and with that
//! more than half of its episodes begin with a pole that has fallen already. Its documentation
//! says 0.05, as Gym has it, and so it is here.

use gym_rs::envs::classical_control::cartpole::{CartPoleEnv, CartPoleObservation};
use gym_rs::spaces::BoxR;
use gym_rs::utils::custom::types::O64;

use super::Playable;
use super::canvas::{Canvas, Rgb};
use crate::env::{Action, ActionSpec, Spec};
use crate::error::EnvError;

pub(super) const ID: &str = "gym:CartPole-v1";
/// Bound of each number of a start, to both sides.
const START: f64 = 0.05;
const TIME_LIMIT: u64 = 500;

impl Playable for CartPoleEnv {
    fn spec(&self) -> Spec {
        let parts = ["position", "velocity", "angle", "angular_velocity"];
        Spec {
            id: ID.to_owned(),
            action: ActionSpec::Discrete { n: self.action_space.0 },
            observation: parts.map(|name| (name.to_owned(), 1)).to_vec(),
            control_timestep: self.tau.into_inner(),
            time_limit: Some(TIME_LIMIT),
            // A push that is too long cannot be taken back: the pole falls within ten steps.
            default_action_repeat: 1,
        }
    }

    fn action(spec: &Spec, action: Action<'_>) -> Result<usize, EnvError> {
        spec.discrete(action)
    }

    fn start(&self) -> Option<BoxR<CartPoleObservation>> {
        let corner = |bound: f64| {
            let bound = O64::from(bound);
            CartPoleObservation::new(bound, bound, bound, bound)
        };
        Some(BoxR::new(corner(-START), corner(START)))
    }

    fn draw(&self, canvas: &mut Canvas) {
        let numbers = Vec::from(self.state);
        let (position, angle) = (numbers[0], numbers[2]);
        let scale = Canvas::WIDTH / (2.0 * self.x_threshold.into_inner());
        let pole_length = scale * 2.0 * self.length.into_inner();
        draw(canvas, position * scale + Canvas::WIDTH / 2.0, angle, pole_length);
    }
}

const BLACK: Rgb = [0; 3];
const TAN: Rgb = [202, 152, 101];
const BLUE_GREY: Rgb = [129, 132, 203];

/// Height of the track, where the middle of the cart is.
const TRACK: f64 = 100.0;
const CART_WIDTH: f64 = 50.0;
const CART_HEIGHT: f64 = 30.0;
const POLE_WIDTH: f64 = 10.0;

/// Draws the cart with its middle at `x`, the pole turned to the right by `angle`.
fn draw(canvas: &mut Canvas, x: f64, angle: f64, pole_length: f64) {
    let (left, right) = (x - CART_WIDTH / 2.0, x + CART_WIDTH / 2.0);
    let (bottom, top) = (TRACK - CART_HEIGHT / 2.0, TRACK + CART_HEIGHT / 2.0);
    canvas.polygon(&[[left, bottom], [left, top], [right, top], [right, bottom]], BLACK);

    let axle = [x, TRACK + CART_HEIGHT / 4.0];
    let (sin, cos) = angle.sin_cos();
    let turned = |[across, along]: [f64; 2]| {
        [axle[0] + across * cos + along * sin, axle[1] - across * sin + along * cos]
    };
    // The axle is half of the pole's width from its lower end.
    let (side, upper) = (POLE_WIDTH / 2.0, pole_length - POLE_WIDTH / 2.0);
    let pole = [[-side, -side], [-side, upper], [side, upper], [side, -side]];
    canvas.polygon(&pole.map(turned), TAN);
    canvas.circle(axle, POLE_WIDTH / 2.0, BLUE_GREY);

    // Over the cart too, as Gym has it, where black on black does not show.
    let middle = TRACK + 0.5;
    canvas.line(&[[0.0, middle], [Canvas::WIDTH, middle]], BLACK);
}
