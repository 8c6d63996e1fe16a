//! Settings that several subjects share.

use curl_rl::batch::{Batch, BatchShape, Noise};
use curl_rl::config::{Config, Selection, resolve};
use curl_rl::random::{self, Purpose, Streams};
use rand::Rng;
use tch::{Device, Kind, Tensor};

/// The configuration of a tiny run: the preset `debug` on cartpole, with some keys set.
pub fn debug_config(sets: &[&str]) -> Config {
    let sets: Vec<String> = sets.iter().map(|set| set.to_string()).collect();
    let selection = Selection {
        env: "dmc:cartpole-swingup",
        default_action_repeat: 8,
        preset: Some("debug"),
        file: None,
        env_steps: None,
        seed: None,
        sets: &sets,
    };
    resolve(&selection).expect("the settings are valid").config
}

/// The batches that small agents learn from: images of the debug preset.
pub const BATCH: BatchShape = BatchShape { size: 4, image: 36, channels: 9, action: 2 };

/// A batch of random numbers; another one for each index.
pub fn random_batch(index: u64) -> Batch {
    let mut stream = Streams::new(7).stream(Purpose::Batch, index);
    let mut bytes = vec![0; 3 * BATCH.image_bytes()];
    let mut batch = Batch::new(BATCH);
    stream.fill_bytes(&mut bytes);
    batch.images.copy_(&Tensor::from_slice(&bytes).view(&batch.images.size()[..]));
    batch.action = random::uniform(&[4, 2], Kind::Float, &mut stream) * 2.0 - 1.0;
    batch.reward = random::uniform(&[4, 1], Kind::Float, &mut stream);
    batch.not_done = Tensor::ones([4, 1], (Kind::Float, Device::Cpu));
    batch
}

pub fn random_noise(index: u64) -> Noise {
    let mut stream = Streams::new(7).stream(Purpose::PolicyNoise, index);
    let mut normal = |shape: &[i64]| random::normal(shape, Kind::Float, &mut stream);
    Noise {
        next_action: normal(&[4, 2]),
        action: normal(&[4, 2]),
        positive: Some(normal(&[4, 36, 36, 9])),
    }
}
