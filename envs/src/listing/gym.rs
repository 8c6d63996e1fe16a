//! gym-rs's environments.

use super::{Actions, Domain, Listed};

pub(super) const DOMAINS: [Domain; 2] = [
    Domain {
        name: "CartPole",
        about: "a cart is pushed to the left or the right and carries a pole that turns freely",
        departure: Some(
            "where Gym multiplies the pole's mass and half its length, gym-rs adds them, so that a \
             falling pole moves the cart further; random and simple policies last as long",
        ),
        environments: &[Listed {
            id: "gym:CartPole-v1",
            actions: Actions::Discrete(2),
            control_timestep: 0.02,
            time_limit: Some(500),
            default_action_repeat: 1,
            task: "keep the pole up and the cart on the screen; the episode ends with that",
        }],
    },
    Domain {
        name: "MountainCar",
        about: "a car in a valley, too weak to drive up without a run-up: left, nothing or right",
        departure: None,
        environments: &[Listed {
            id: "gym:MountainCar-v0",
            actions: Actions::Discrete(3),
            control_timestep: 1.0 / 30.0,
            time_limit: Some(200),
            default_action_repeat: 4,
            task: "reach the flag soon; the episode ends there",
        }],
    },
];
