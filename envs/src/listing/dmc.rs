//! The DeepMind Control Suite.

use super::{Actions, Domain, Listed};

/// A task of the suite: so many numbers an action, and the seconds of an env step. All last a
/// thousand env steps, and nearly all are not in the paper's table of action repeats.
const fn task(
    id: &'static str,
    numbers: usize,
    control_timestep: f64,
    task: &'static str,
) -> Listed {
    Listed {
        id,
        actions: Actions::Continuous(numbers),
        control_timestep,
        time_limit: Some(1000),
        default_action_repeat: 4,
        task,
    }
}

const fn domain(
    name: &'static str,
    about: &'static str,
    environments: &'static [Listed],
) -> Domain {
    Domain { name, about, departure: None, environments }
}

pub(super) const DOMAINS: [Domain; 19] = [
    domain(
        "acrobot",
        "two links hang from a shoulder, and a motor turns the elbow alone",
        &[
            task(
                "dmc:acrobot-swingup",
                1,
                0.01,
                "hold the tip up at the target, the nearer the better",
            ),
            task(
                "dmc:acrobot-swingup_sparse",
                1,
                0.01,
                "hold the tip within the target above, which alone is rewarded",
            ),
        ],
    ),
    domain(
        "ball_in_cup",
        "a ball hangs on a string from a cup that moves sideways and up and down",
        &[task("dmc:ball_in_cup-catch", 2, 0.02, "keep the ball in the cup")],
    ),
    domain(
        "cartpole",
        "a cart is pushed along a rail and carries a pole, or a chain of poles, that turns freely",
        &[
            task(
                "dmc:cartpole-balance",
                1,
                0.01,
                "keep the upright pole up, in the middle of the rail, slowly and with little force",
            ),
            task(
                "dmc:cartpole-balance_sparse",
                1,
                0.01,
                "keep pole and cart close to upright and the middle, which alone is rewarded",
            ),
            Listed {
                default_action_repeat: 8,
                ..task(
                    "dmc:cartpole-swingup",
                    1,
                    0.01,
                    "swing the hanging pole up, and keep it as in balance",
                )
            },
            task(
                "dmc:cartpole-swingup_sparse",
                1,
                0.01,
                "swing the pole up and keep both as in balance_sparse, which alone is rewarded",
            ),
            task("dmc:cartpole-two_poles", 1, 0.01, "swing up and balance a chain of two poles"),
            task(
                "dmc:cartpole-three_poles",
                1,
                0.01,
                "swing up and balance a chain of three poles",
            ),
        ],
    ),
    domain(
        "cheetah",
        "a runner with a back leg and a front leg, in a vertical plane",
        &[task("dmc:cheetah-run", 6, 0.01, "run forwards, the faster the better up to 10 m/s")],
    ),
    domain(
        "dog",
        "a dog whose spine, neck, tail and jaw bend, with motors that react with a delay",
        &[
            task(
                "dmc:dog-stand",
                38,
                0.015,
                "stand at full height, trunk and head upright, with the weight on the paws",
            ),
            task("dmc:dog-walk", 38, 0.015, "walk forwards at 1 m/s, at full height and upright"),
            task("dmc:dog-trot", 38, 0.015, "trot forwards at 3 m/s, at full height and upright"),
            task("dmc:dog-run", 38, 0.015, "run forwards at 9 m/s, at full height and upright"),
            task(
                "dmc:dog-fetch",
                38,
                0.015,
                "stand, take a thrown ball into the mouth and bring it to the target",
            ),
        ],
    ),
    domain(
        "finger",
        "a finger of two joints beside a body that turns freely on a hinge",
        &[
            Listed {
                default_action_repeat: 2,
                ..task("dmc:finger-spin", 2, 0.02, "keep the body spinning, at 15 rad/s or more")
            },
            task("dmc:finger-turn_easy", 2, 0.02, "turn the body's tip into a large target"),
            task("dmc:finger-turn_hard", 2, 0.02, "turn the body's tip into a small target"),
        ],
    ),
    domain(
        "fish",
        "a fish with a tail and two fins, in water",
        &[
            task("dmc:fish-upright", 5, 0.04, "turn the belly down"),
            task("dmc:fish-swim", 5, 0.04, "swim to the target and stay upright"),
        ],
    ),
    domain(
        "hopper",
        "a leg of four joints under a torso, in a vertical plane",
        &[
            task("dmc:hopper-stand", 4, 0.02, "stand with little force"),
            task("dmc:hopper-hop", 4, 0.02, "hop forwards at 2 m/s or more, the torso high"),
        ],
    ),
    domain(
        "humanoid",
        "a human figure of 21 joints",
        &[
            task(
                "dmc:humanoid-stand",
                21,
                0.025,
                "stand upright, the head high, with little force",
            ),
            task(
                "dmc:humanoid-walk",
                21,
                0.025,
                "stand upright and move at 1 m/s or more, with little force",
            ),
            task(
                "dmc:humanoid-run",
                21,
                0.025,
                "stand upright and move at 10 m/s or more, with little force",
            ),
            task(
                "dmc:humanoid-run_pure_state",
                21,
                0.025,
                "as run; only the observation differs, which agents here do not see",
            ),
        ],
    ),
    domain(
        "humanoid_CMU",
        "a human figure of 56 joints, with the skeleton of a motion-capture data set",
        &[
            task(
                "dmc:humanoid_CMU-stand",
                56,
                0.02,
                "stand upright, the head high, with little force",
            ),
            task(
                "dmc:humanoid_CMU-walk",
                56,
                0.02,
                "stand upright and move at 1 m/s or more, with little force",
            ),
            task(
                "dmc:humanoid_CMU-run",
                56,
                0.02,
                "stand upright and move at 10 m/s or more, with little force",
            ),
        ],
    ),
    Domain {
        name: "lqr",
        about: "bodies in a chain, each on a spring, of which the first are pushed",
        departure: Some(
            "each episode draws the springs' stiffness, which the original draws once for all, and \
             is cut at 1000 env steps, where the original sets no limit; in both an action of 1 \
             means 1e10 N",
        ),
        environments: &[
            task("dmc:lqr-lqr_2_1", 1, 0.03, "bring two bodies to rest with little force"),
            task("dmc:lqr-lqr_6_2", 2, 0.03, "bring six bodies to rest with little force"),
        ],
    },
    domain(
        "manipulator",
        "an arm with a hand that grips, in a vertical plane, and something to be carried",
        &[
            task("dmc:manipulator-bring_ball", 5, 0.01, "carry the ball to the target"),
            task(
                "dmc:manipulator-bring_peg",
                5,
                0.01,
                "carry the peg to the target, turned like it",
            ),
            task("dmc:manipulator-insert_ball", 5, 0.01, "put the ball into the cup"),
            task("dmc:manipulator-insert_peg", 5, 0.01, "put the peg into the slot"),
        ],
    ),
    domain(
        "pendulum",
        "a pole on a motor that is too weak to lift it in one go",
        &[task("dmc:pendulum-swingup", 1, 0.02, "hold the pole within 8 degrees of upright")],
    ),
    domain(
        "point_mass",
        "a point on a table, pushed along two directions",
        &[
            task("dmc:point_mass-easy", 2, 0.02, "bring the point to the middle with little force"),
            task(
                "dmc:point_mass-hard",
                2,
                0.02,
                "bring the point to the middle along directions that each episode draws anew",
            ),
        ],
    ),
    domain(
        "quadruped",
        "a body on four legs, with motors that react with a delay",
        &[
            task("dmc:quadruped-walk", 12, 0.02, "walk forwards upright, at 0.5 m/s or more"),
            task("dmc:quadruped-run", 12, 0.02, "run forwards upright, at 5 m/s or more"),
            task("dmc:quadruped-escape", 12, 0.02, "climb out of a bowl of rough ground"),
            task("dmc:quadruped-fetch", 12, 0.02, "go to the ball and push it to the target"),
        ],
    ),
    domain(
        "reacher",
        "an arm of two links on a table",
        &[
            task("dmc:reacher-easy", 2, 0.02, "hold the fingertip in a large target"),
            task("dmc:reacher-hard", 2, 0.02, "hold the fingertip in a small target"),
        ],
    ),
    domain(
        "stacker",
        "the manipulator's arm and some boxes",
        &[
            task(
                "dmc:stacker-stack_2",
                5,
                0.01,
                "bring a box to the target, on the ground or a box higher, and let go of it",
            ),
            task(
                "dmc:stacker-stack_4",
                5,
                0.01,
                "bring a box to the target, on the ground or up to three boxes higher, and let go",
            ),
        ],
    ),
    domain(
        "swimmer",
        "a snake of links in a fluid, seen from above; any from `dmc:swimmer-swimmer3` to \
         `dmc:swimmer-swimmer100` can be made",
        &[
            task("dmc:swimmer-swimmer6", 5, 0.03, "bring the nose of six links to the target"),
            task(
                "dmc:swimmer-swimmer15",
                14,
                0.03,
                "bring the nose of fifteen links to the target",
            ),
        ],
    ),
    domain(
        "walker",
        "a torso on two legs, in a vertical plane",
        &[
            task("dmc:walker-stand", 6, 0.025, "stand upright"),
            Listed {
                default_action_repeat: 2,
                ..task("dmc:walker-walk", 6, 0.025, "walk forwards upright, at 1 m/s or more")
            },
            task("dmc:walker-run", 6, 0.025, "run forwards upright, at 8 m/s or more"),
        ],
    ),
];
