//! Settings that several subjects share.

use curl_rl::action::ActionSpace;
use curl_rl::batch::{Batch, BatchShape, Noise, Views};
use curl_rl::config::{AgentConfig, Config, Selection, resolve};
use curl_rl::observation::Input;
use curl_rl::random::{self, Purpose, Streams};
use rand::Rng;
use tch::{Device, Kind, Tensor};

/// Settings of images that are computed fast, those of [`IMAGE`].
pub const SMALL_IMAGES: [&str; 2] = ["env.render_size=40", "agent.image_size=36"];

/// The configuration of a tiny run: the preset `debug` on cartpole with small images, and some keys set.
pub fn debug_config(sets: &[&str]) -> Config {
    debug_config_of(None, sets)
}

/// The same of a method.
pub fn debug_config_of(method: Option<&str>, sets: &[&str]) -> Config {
    let sets: Vec<String> = SMALL_IMAGES.iter().chain(sets).map(|set| set.to_string()).collect();
    let selection = Selection {
        method,
        preset: Some("debug"),
        sets: &sets,
        ..Selection::of("dmc:cartpole-swingup", 8)
    };
    resolve(&selection).expect("the settings are valid").config
}

/// The actions of small agents, unless a test is about others.
pub const CONTINUOUS: ActionSpace = ActionSpace::Continuous(2);

/// The batches that small agents learn from: small images.
pub const BATCH: BatchShape =
    BatchShape { size: 4, input: IMAGE, views: Views::CURL, action: CONTINUOUS };
pub const IMAGE: Input = Input::Image { size: 36, frames: 3, channels: 3 };

/// The batches that an agent of a configuration learns from, of small images. They are larger where they
/// are cut into windows, so that there are windows of several lengths.
pub fn shape_of(config: &AgentConfig, actions: ActionSpace) -> BatchShape {
    let views = Views::from(config);
    let size = if views.windows.is_some() { 32 } else { 8 };
    BatchShape { size, input: IMAGE, views, action: actions }
}

/// A batch of random numbers; another one for each index.
pub fn random_batch(index: u64) -> Batch {
    random_batch_of(BATCH, index)
}

/// The same of another shape. The first two windows are whole, of the next two the last observation lies
/// beyond the episode, of the next two the last two do, and so on.
pub fn random_batch_of(shape: BatchShape, index: u64) -> Batch {
    let mut stream = Streams::new(7).stream(Purpose::Batch, index);
    let mut batch = Batch::new(shape);
    let size = shape.size as i64;
    let mut fill = |inputs: &mut Tensor| match shape.input {
        Input::Image { .. } => {
            let mut bytes = vec![0; inputs.numel()];
            stream.fill_bytes(&mut bytes);
            inputs.copy_(&Tensor::from_slice(&bytes).view(&inputs.size()[..]));
        }
        Input::State { .. } => {
            inputs.copy_(&random::normal(&inputs.size(), Kind::Float, &mut stream));
        }
    };
    fill(&mut batch.inputs);
    if let Some(windows) = &mut batch.windows {
        fill(&mut windows.inputs);
        let _ = windows.valid.fill_(1);
        let (count, length) = windows.valid.size2().expect("it is a matrix");
        for window in 0..count {
            let beyond = window / 2 % length;
            let _ = windows.valid.get(window).narrow(0, length - beyond, beyond).fill_(0);
        }
    }
    let actions = shape.action;
    let numbers: Vec<f32> = (0..size).flat_map(|_| actions.uniform(&mut stream)).collect();
    batch.action = Tensor::from_slice(&numbers).view([size, actions.numbers() as i64]);
    batch.reward = random::uniform(&[size, 1], Kind::Float, &mut stream);
    batch.not_done = Tensor::ones([size, 1], (Kind::Float, Device::Cpu));
    batch
}

pub fn random_noise(index: u64) -> Noise {
    random_noise_of(BATCH, index)
}

/// The noise of a batch of a shape, with that of Gaussian positives whether or not there are any.
pub fn random_noise_of(shape: BatchShape, index: u64) -> Noise {
    let mut stream = Streams::new(7).stream(Purpose::PolicyNoise, index);
    let mut normal = |shape: &[i64]| random::normal(shape, Kind::Float, &mut stream);
    let (size, views) = (shape.size as i64, shape.views.next as i64);
    let mut positive = shape.input.zeros(shape.size).size();
    positive[0] = size;
    Noise {
        next_action: normal(&[views * size, 2]),
        action: normal(&[size, 2]),
        positive: Some(normal(&positive)),
    }
}
