//! The same seed, machine and number of threads make the same bits.

use curl_envs::Env;
use curl_rl::replay::Codec;

use crate::fixtures::debug_config;
use crate::remains::Remains;
use crate::small_run::play_with;

/// Trains twice in folders of their own, and compares all that is left.
fn check(env: &str, precision: &str) {
    let precision = format!("agent.precision={precision}");
    let config = debug_config(&[
        "replay.capacity=20",
        "train.env_steps=1200",
        "train.warmup_agent_steps=8",
        "train.batch_size=4",
        "eval.every_env_steps=1200",
        "checkpoint.every_env_steps=1200",
        "log.scalars_every_updates=1",
        &precision,
    ]);
    let make = || -> Box<dyn Env> { curl_envs::make(env).expect("it is one of the suite's") };
    let [first, second] = [0, 1].map(|_| {
        let run = tempfile::tempdir().expect("there is a temporary folder");
        play_with(make, run.path(), &config, Codec::Delta).expect("nothing fails");
        run
    });
    Remains::of(first.path()).check_same(second.path(), &format!("{env}, {precision}"));
}

/// Simulations of all kinds: with and without contacts, strings, height fields and reset models, and
/// one that is no simulation of MuJoCo's. Not the dog: its two runs would take as long as all of these
/// together, and the tests of its crate hold every task to the bits of a second environment.
const ENVIRONMENTS: [&str; 7] = [
    "dmc:ball_in_cup-catch",
    "dmc:cartpole-three_poles",
    "dmc:cheetah-run",
    "dmc:finger-turn_hard",
    "dmc:quadruped-escape",
    "dmc:swimmer-swimmer6",
    "gym:CartPole-v1",
];

#[test]
fn environments_of_all_kinds_train_to_the_same_bits() {
    for env in ENVIRONMENTS {
        check(env, "float32");
    }
}

#[test]
fn so_does_training_in_bfloat16() {
    check("dmc:walker-walk", "bfloat16");
}
