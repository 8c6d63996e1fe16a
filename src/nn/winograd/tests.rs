use tch::Kind;

use super::*;
use crate::nn::slice::floats;
use crate::random::{self, Purpose, Streams};

/// Each operation rounds alike, whatever the length of the vectors. Of nine images: more than one
/// task's; with maps whose last tiles are cut off, and blocks of tiles that are not full.
#[test]
fn all_instructions_give_the_same_bits() {
    const CHANNELS: usize = 3;
    const SIZE: usize = 51;
    let mut stream = Streams::new(3).stream(Purpose::Weights, 0);
    let mut numbers = |count: usize| {
        let uniform = random::uniform(&[count as i64], Kind::Float, &mut stream);
        floats(&uniform).to_vec()
    };
    let parameters = [CHANNELS, FILTERS, FILTERS].map(|channels| {
        let weight = numbers(FILTERS * channels * 9).iter().map(|weight| weight - 0.5).collect();
        (weight, numbers(FILTERS))
    });
    let layers =
        parameters.each_ref().map(|(weight, bias): &(Vec<f32>, _)| (&weight[..], &bias[..]));
    let bytes: Vec<u8> =
        numbers(9 * SIZE * SIZE * CHANNELS).iter().map(|number| (number * 255.0) as u8).collect();

    let mut results = Vec::new();
    for instructions in Instructions::ALL.iter().filter(|one| one.are_available()) {
        let best = Winograd::new(SIZE, CHANNELS, layers.len()).unwrap();
        let passes = Winograd { instructions: *instructions, ..best };
        let images = Images::Bytes(&bytes);
        let mut features = vec![0.0; 9 * passes.features_len()];
        let mut maps = vec![0.0; 9 * passes.maps_len()];
        passes.record(&layers, images, &mut maps, &mut features);
        let gradients = passes.gradients(&layers, images, &maps, &[&features]);
        results.push((features, gradients));
    }
    assert!(results[0].0.iter().any(|feature| *feature > 0.0));
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}
