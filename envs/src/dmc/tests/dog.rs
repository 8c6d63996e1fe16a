//! Starts of the dog's tasks, and memory for its contacts.

use std::f64::consts::{PI, TAU};

use super::{make, mean_and_deviation, starts};
use crate::dmc::State;

/// The angle that a body is turned by about the vertical, in [0, 2 pi], of half of it.
fn azimuth(rotation: &[f64]) -> f64 {
    2.0 * rotation[3].atan2(rotation[0])
}

#[test]
fn it_stands_turned_anyhow_and_is_pushed_along_the_ground() {
    let own = make("dmc:dog-walk").simulation_state();
    let starts = starts("dmc:dog-walk", 200);
    for State { qpos, qvel, act, .. } in &starts {
        assert_eq!((&qpos[..3], &qpos[7..]), (&own.qpos[..3], &own.qpos[7..]));
        assert_eq!(qpos[4..6], [0.0, 0.0], "it stands upright");
        assert!(qvel[2..5].iter().chain(&qvel[6..]).all(|&speed| speed == 0.0));
        assert!(act.iter().all(|activation| (-1.0..1.0).contains(activation)));
    }
    let (mean, deviation) =
        mean_and_deviation(starts.iter().map(|start| azimuth(&start.qpos[3..7])));
    assert!((mean - PI).abs() < 0.6, "{mean}");
    assert!((deviation - TAU / 12f64.sqrt()).abs() < 0.3, "{deviation}");
    for component in [0, 1, 5] {
        let (mean, deviation) =
            mean_and_deviation(starts.iter().map(|start| start.qvel[component]));
        assert!(mean.abs() < 0.7 && (deviation - 2.0).abs() < 0.5, "{mean}, {deviation}");
    }
    let activations = starts.iter().flat_map(|start| start.act.clone());
    let (mean, deviation) = mean_and_deviation(activations);
    assert!(mean.abs() < 0.05 && (deviation - 2.0 / 12f64.sqrt()).abs() < 0.03);
}

#[test]
fn the_ball_is_thrown_towards_the_middle() {
    let starts = starts("dmc:dog-fetch", 100);
    for State { qpos, qvel, .. } in &starts {
        let ([x, y, z], [vx, vy, vz]) =
            ([0, 1, 2].map(|axis| qpos[80 + axis]), [0, 1, 2].map(|axis| qvel[79 + axis]));
        assert!((x.hypot(y) - 7.5).abs() < 1e-9, "{x}, {y}");
        assert_eq!((z, &qpos[83..], &qvel[82..]), (0.05, &[1.0, 0.0, 0.0, 0.0][..], &[0.0; 3][..]));
        let (speed, outward) = (vx.hypot(vy), (vx * x + vy * y) / 7.5);
        assert!(speed < 6.5 && outward <= -0.97 * speed, "{speed}, {outward}");
        let height = vz * vz / (2.0 * 9.81);
        assert!(vz >= 0.0 && height <= 3.0 + 1e-9, "{height}");
    }
}

/// In these states the model's own memory does not do, and MuJoCo ends the process, so that to come
/// back is the test.
#[test]
fn a_dog_that_touches_itself_everywhere_is_simulated() {
    let mut env = make("dmc:dog-fetch");
    let own = env.simulation_state();
    for (phase, height) in [(10, -0.28), (29, -0.16)] {
        let mut state = State { sensors: Vec::new(), ..own.clone() };
        for (joint, angle) in state.qpos[7..80].iter_mut().enumerate() {
            *angle = 1.5 * ((phase * 83 + joint * 37) as f64).sin();
        }
        state.qpos[2] = height;
        env.set_simulation_state(&state).expect("there is room for all contacts");
        assert!(env.physics.data().ncon() > 250, "{}", env.physics.data().ncon());
    }
}
