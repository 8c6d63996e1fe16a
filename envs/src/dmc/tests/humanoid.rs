//! Starts of the humanoids.

use super::{make, mean_and_deviation, rng};
use crate::env::Env;

#[test]
fn humanoids_start_anyhow_but_touch_nothing() {
    for (id, height) in [("dmc:humanoid-stand", 1.5), ("dmc:humanoid_CMU-walk", 1.0)] {
        let (mut env, mut rng) = (make(id), rng(5));
        let ranges = env.physics.model().jnt_range()[1..].to_vec();
        let mut starts = Vec::new();
        for _ in 0..100 {
            env.reset(&mut rng).expect("a start is found");
            assert_eq!(env.physics.data().ncon(), 0, "{id}");
            starts.push(env.simulation_state());
        }
        for start in &starts {
            assert_eq!(start.qpos[..3], [0.0, 0.0, height], "{id}");
            // By four numbers of [0, 1), as dm_control turns them.
            assert!(start.qpos[3..7].iter().all(|&component| component >= 0.0), "{id}");
            assert!(start.qvel.iter().all(|&velocity| velocity == 0.0), "{id}");
            for (angle, &[low, high]) in start.qpos[7..].iter().zip(&ranges) {
                assert!((low..high).contains(angle), "{id}: {angle} not in [{low}, {high})");
            }
        }
        // How far each joint's angle lies between its limits. That nothing touches shifts some.
        let places = starts.iter().flat_map(|start| {
            let angles = start.qpos[7..].iter().zip(&ranges);
            angles.map(|(angle, [low, high])| (angle - low) / (high - low)).collect::<Vec<_>>()
        });
        let (mean, deviation) = mean_and_deviation(places);
        assert!((mean - 0.5).abs() < 0.05, "{id}: {mean}");
        assert!((deviation - 1.0 / 12f64.sqrt()).abs() < 0.03, "{id}: {deviation}");
    }
}

#[test]
fn the_pure_state_is_all_positions_and_velocities() {
    let env = make("dmc:humanoid-run_pure_state");
    let expected = [("position".to_owned(), 28), ("velocity".to_owned(), 27)];
    assert_eq!(env.spec().observation, expected);
}
