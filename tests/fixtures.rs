//! Settings that several subjects share.

use curl_rl::action::ActionSpace;
use curl_rl::batch::{Batch, BatchShape, Noise, Views};
use curl_rl::config::{Config, Selection, resolve};
use curl_rl::observation::Input;
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
        envs: None,
        eval_envs: None,
        python: None,
        sets: &sets,
    };
    resolve(&selection).expect("the settings are valid").config
}

/// The actions of small agents, unless a test is about others.
pub const CONTINUOUS: ActionSpace = ActionSpace::Continuous(2);

/// The batches that small agents learn from: images of the debug preset.
pub const BATCH: BatchShape =
    BatchShape { size: 4, input: IMAGE, views: Views::CURL, action: CONTINUOUS };
pub const IMAGE: Input = Input::Image { size: 36, frames: 3, channels: 3 };

/// A batch of random numbers; another one for each index.
pub fn random_batch(index: u64) -> Batch {
    random_batch_of(CONTINUOUS, index)
}

/// The same with other actions.
pub fn random_batch_of(actions: ActionSpace, index: u64) -> Batch {
    let mut stream = Streams::new(7).stream(Purpose::Batch, index);
    let mut batch = Batch::new(BatchShape { action: actions, ..BATCH });
    let mut bytes = vec![0; batch.inputs.numel()];
    stream.fill_bytes(&mut bytes);
    batch.inputs.copy_(&Tensor::from_slice(&bytes).view(&batch.inputs.size()[..]));
    let numbers: Vec<f32> = (0..4).flat_map(|_| actions.uniform(&mut stream)).collect();
    batch.action = Tensor::from_slice(&numbers).view([4, actions.numbers() as i64]);
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
