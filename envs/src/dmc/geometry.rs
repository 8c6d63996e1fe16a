//! Vectors of space, as MuJoCo stores them.

/// The way from one place to another.
pub(super) fn between([x, y, z]: [f64; 3], to: [f64; 3]) -> [f64; 3] {
    [to[0] - x, to[1] - y, to[2] - z]
}

/// A vector of the world as a body sees it whose rotation (3 rows of 3) is given.
pub(super) fn seen_from(rotation: &[f64; 9], [x, y, z]: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|axis| x * rotation[axis] + y * rotation[3 + axis] + z * rotation[6 + axis])
}

/// The length of a vector.
pub(super) fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|component| component * component).sum::<f64>().sqrt()
}
