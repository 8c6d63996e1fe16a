//! Starts of the quadruped's tasks.

use super::{make, mean_and_deviation, starts};
use crate::dmc::State;

#[test]
fn it_starts_in_any_position_just_above_the_ground() {
    let mut env = make("dmc:quadruped-walk");
    let starts = starts("dmc:quadruped-walk", 100);
    for start in &starts {
        assert_eq!(start.qpos[..2], [0.0, 0.0]);
        assert!(start.qpos[7..].iter().chain(&start.qvel).chain(&start.act).all(|&x| x == 0.0));
        env.set_simulation_state(start).expect("the state fits");
        assert_eq!(env.physics.data().ncon(), 0);
        let mut lower = State { sensors: Vec::new(), ..start.clone() };
        lower.qpos[2] -= 0.01;
        env.set_simulation_state(&lower).expect("the state fits");
        assert!(env.physics.data().ncon() > 0, "a centimetre lower it touches the ground");
    }
    for component in 3..7 {
        let (mean, deviation) =
            mean_and_deviation(starts.iter().map(|start| start.qpos[component]));
        assert!(mean.abs() < 0.2 && (deviation - 0.5).abs() < 0.1, "{mean}, {deviation}");
    }
}
