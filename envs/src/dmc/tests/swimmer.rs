//! Starts and lengths of the swimmer.

use super::{dimensions, make, mean_and_deviation, started, starts};
use crate::dmc::{ModelField, State};
use crate::env::Env;

#[test]
fn a_chain_has_as_many_links_as_its_name_says() {
    for links in [3, 6, 29, 100] {
        let env = started(&format!("dmc:swimmer-swimmer{links}"), 0);
        assert_eq!(dimensions(&env), links - 1);
        let expected = [("joints", links - 1), ("to_target", 2), ("body_velocities", 3 * links)];
        assert_eq!(env.spec().observation, expected.map(|(name, len)| (name.to_owned(), len)));
        let limit = 2.0 * std::f64::consts::PI / links as f64;
        for [low, high] in &env.physics.model().jnt_range()[3..] {
            assert!((low + limit).abs() < 1e-12 && (high - limit).abs() < 1e-12);
        }
    }
}

#[test]
fn swimmers_start_bent_and_every_fifth_is_near_its_target() {
    let id = "dmc:swimmer-swimmer6";
    let env = make(id);
    let target = 3 * env.physics.geom("target").expect("the model has a target");
    let light = 3 * env.physics.light("target_light").expect("the target has a light");
    let starts = starts(id, 500);
    let value = |start: &State, field, index| {
        let is_it = |value: &&crate::dmc::ModelValue| (value.field, value.index) == (field, index);
        start.model.iter().find(is_it).expect("it is written").value
    };
    let mut near = 0;
    for start in &starts {
        assert_eq!(start.model.len(), 4);
        let place = [0, 1].map(|axis| value(start, ModelField::GeomPos, target + axis));
        assert_eq!(place, [0, 1].map(|axis| value(start, ModelField::LightPos, light + axis)));
        assert!(place.iter().all(|coordinate| coordinate.abs() < 2.0));
        near += usize::from(place.iter().all(|coordinate| coordinate.abs() < 0.3));
        assert_eq!(start.qpos[..2], [0.0, 0.0]);
    }
    // A fifth, and of the others those that come that near by chance: 0.2 + 0.8 * 0.15^2.
    assert!((near as f64 / 500.0 - 0.218).abs() < 0.08, "{near} of 500");
    let angles = |at: usize| mean_and_deviation(starts.iter().map(|start| start.qpos[at]));
    for (at, limit) in (2..8).zip([180.0].into_iter().chain([60.0; 5])) {
        let (limit, (mean, deviation)) = (f64::to_radians(limit), angles(at));
        assert!(mean.abs() < 0.14 * limit, "joint {at}: mean {mean}");
        assert!((deviation - limit / 3f64.sqrt()).abs() < 0.08 * limit, "joint {at}");
    }
}
