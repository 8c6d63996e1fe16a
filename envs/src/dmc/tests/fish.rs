//! Starts of the fish.

use super::{make, mean_and_deviation, starts};
use crate::dmc::{ModelField, State};

/// One component of many starts' rotations and of their joints' angles.
fn assert_turned_and_bent(starts: &[State]) {
    for component in 3..7 {
        // A uniform rotation: its components have mean 0 and variance 1/4.
        let (mean, deviation) =
            mean_and_deviation(starts.iter().map(|start| start.qpos[component]));
        assert!(mean.abs() < 0.1 && (deviation - 0.5).abs() < 0.05, "{mean}, {deviation}");
    }
    assert!(starts.iter().all(|start| {
        let norm: f64 = start.qpos[3..7].iter().map(|component| component * component).sum();
        (norm - 1.0).abs() < 1e-12 && start.qpos[..3] == [0.0, 0.0, 0.1]
    }));
    let angles = starts.iter().flat_map(|start| start.qpos[7..].to_vec());
    assert!(angles.clone().all(|angle| (-0.2..0.2).contains(&angle)));
    let (mean, deviation) = mean_and_deviation(angles);
    assert!(mean.abs() < 0.01 && (deviation - 0.4 / 12f64.sqrt()).abs() < 0.005);
    assert!(starts.iter().all(|start| start.qvel.iter().all(|&velocity| velocity == 0.0)));
}

#[test]
fn fish_starts_turned_anyhow_with_its_target_unseen() {
    let starts = starts("dmc:fish-upright", 500);
    assert_turned_and_bent(&starts);
    let target = make("dmc:fish-upright").physics.geom("target").expect("the model has a target");
    for start in &starts {
        let [opacity] = start.model[..] else { panic!("{:?}", start.model) };
        assert_eq!((opacity.field, opacity.index), (ModelField::GeomRgba, 4 * target + 3));
        assert_eq!(opacity.value, 0.0);
    }
}

#[test]
fn fish_swims_to_targets_of_its_whole_tank() {
    let starts = starts("dmc:fish-swim", 500);
    assert_turned_and_bent(&starts);
    let target = make("dmc:fish-swim").physics.geom("target").expect("the model has a target");
    for (axis, (low, high)) in [(-0.4, 0.4), (-0.4, 0.4), (0.1, 0.3)].into_iter().enumerate() {
        let places = starts.iter().map(|start| {
            assert_eq!(start.model.len(), 3);
            let place = start.model[axis];
            assert_eq!((place.field, place.index), (ModelField::GeomPos, 3 * target + axis));
            place.value
        });
        assert!(places.clone().all(|place| (low..high).contains(&place)));
        let (mean, deviation) = mean_and_deviation(places);
        let range = high - low;
        assert!((mean - (low + high) / 2.0).abs() < 0.07 * range, "axis {axis}: mean {mean}");
        assert!((deviation - range / 12f64.sqrt()).abs() < 0.04 * range, "axis {axis}");
    }
}
