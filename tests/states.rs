//! The way of states, and of windows of episodes, from an environment that counts to a batch.

use std::collections::BTreeSet;

use curl_envs::{Action, Counter, Ended, Pixels, View};
use curl_rl::action::ActionSpace;
use curl_rl::agent::{Agent, Told};
use curl_rl::batch::{Batch, BatchShape, ContrastViews, Views, WindowShape};
use curl_rl::frame_stack::FrameStack;
use curl_rl::observation::{Input, Observation};
use curl_rl::random::{Purpose, Streams};
use curl_rl::replay::{Codec, Replay, ReplayShape};
use tch::{Device, Kind, Tensor};

use crate::fixtures::{CONTINUOUS, debug_config, random_batch_of, random_noise_of, shape_of};

/// A counter's state: the episode and the env step.
const LEN: usize = 2;
const STACK: usize = 3;
const LENGTHS: [u64; 3] = [7, 1, 4];

fn shape(capacity: usize) -> ReplayShape {
    ReplayShape {
        capacity,
        episode_len: Some(7),
        stack: STACK,
        action: ActionSpace::Continuous(1),
        observation: Observation::State { len: LEN },
        codec: Codec::Raw,
    }
}

/// A replay of so many agent steps, of one env step each.
fn replay(capacity: usize, agent_steps: usize) -> Replay {
    let counter = Counter::new(1, &LENGTHS, Ended::TimeLimit);
    let env = Pixels::new(Box::new(counter), 1, 8).expect("the size is possible");
    let mut env = env.with_view(View::State);
    let mut rng = Streams::new(0).stream(Purpose::TrainEpisode, 0);
    let mut replay = Replay::new(shape(capacity));
    env.reset(&mut rng).expect("a counter can be reset");
    replay.start_episode(env.frame());
    for _ in 0..agent_steps {
        let step = env.step(Action::Continuous(&[0.0])).expect("the action fits");
        replay.push(&[0.0], step.reward as f32, step.ended, env.frame());
        if step.ended.is_some() {
            env.reset(&mut rng).expect("a counter can be reset");
            replay.start_episode(env.frame());
        }
    }
    replay
}

/// The states of a row, oldest first, as episode and env step.
fn states(inputs: &Tensor, row: usize) -> Vec<(u64, u64)> {
    let numbers: Vec<f32> = Vec::try_from(inputs.get(row as i64)).expect("states are float32");
    numbers.chunks_exact(LEN).map(|state| (state[0] as u64, state[1] as u64)).collect()
}

/// The stack that ends with an env step: the first state repeats before the start.
fn stack(episode: u64, env_step: u64) -> Vec<(u64, u64)> {
    (0..STACK as u64).rev().map(|back| (episode, env_step.saturating_sub(back))).collect()
}

#[test]
fn a_batch_of_states_holds_stacks_and_their_successors_in_every_view() {
    let replay = replay(30, 100);
    let views = Views { observation: 2, next: 3, ..Views::PLAIN };
    let mut batch = Batch::new(replay.shape().batch(16, views));
    replay.sample(&mut batch, &mut Streams::new(1).stream(Purpose::Batch, 0));
    assert_eq!(batch.inputs.size(), [5 * 16, (STACK * LEN) as i64]);
    for sample in 0..16 {
        let (episode, env_step) = states(&batch.query(), sample)[STACK - 1];
        for view in 0..2 {
            assert_eq!(states(&batch.observations(), view * 16 + sample), stack(episode, env_step));
        }
        for view in 0..3 {
            assert_eq!(states(&batch.next(), view * 16 + sample), stack(episode, env_step + 1));
        }
        // A counter's reward is the number of the env step.
        assert_eq!(batch.reward.double_value(&[sample as i64, 0]), (env_step + 1) as f64);
    }
}

#[test]
fn windows_end_with_their_episodes() {
    for (capacity, stride) in [(200, 1), (30, 2), (9, 1)] {
        // Whole episodes, so that only their ends cut windows short.
        let replay = replay(capacity, 96);
        let windows = WindowShape { length: 4, stride };
        let views = Views { windows: Some(windows), ..Views::PLAIN };
        let mut batch = Batch::new(replay.shape().batch(64, views));
        let mut reaches = BTreeSet::new();
        for update in 0..20 {
            replay.sample(&mut batch, &mut Streams::new(1).stream(Purpose::Batch, update));
            let windows = batch.windows.as_ref().expect("they were asked for");
            assert_eq!(windows.valid.size(), [16, 4]);
            for window in 0..16 {
                let (episode, first) = states(&windows.inputs, 4 * window)[STACK - 1];
                let left = LENGTHS[episode as usize % 3] - first;
                let reach = (left as usize / stride + 1).min(4);
                reaches.insert(reach);
                for at in 0..4 {
                    let is_valid = windows.valid.int64_value(&[window as i64, at as i64]) == 1;
                    assert_eq!(is_valid, at < reach, "step {first} of episode {episode}");
                    let expected = match is_valid {
                        true => stack(episode, first + (at * stride) as u64),
                        false => vec![(0, 0); STACK],
                    };
                    assert_eq!(states(&windows.inputs, 4 * window + at), expected);
                }
            }
        }
        assert!(reaches.len() > 1, "{reaches:?}");
    }
}

#[test]
fn the_acting_agent_sees_the_stack_of_states() {
    let mut seen = FrameStack::new(&shape(1).observation, STACK);
    let frame = |env_step: f32| [3.0f32, env_step].map(f32::to_le_bytes).concat();
    seen.start(&frame(0.0));
    assert_eq!(states(seen.input(), 0), stack(3, 0));
    (1..3).for_each(|step| seen.push(&frame(step as f32)));
    assert_eq!(states(seen.input(), 0), stack(3, 2));
    assert_eq!((seen.input().kind(), seen.input().size()), (Kind::Float, vec![1, 6]));
}

#[test]
fn a_contrast_that_is_augmented_in_its_own_way_has_views_of_its_own() {
    let replay = replay(30, 40);
    let views = Views { contrast: ContrastViews::QueryAndKey, ..Views::PLAIN };
    let mut batch = Batch::new(replay.shape().batch(4, views));
    replay.sample(&mut batch, &mut Streams::new(1).stream(Purpose::Batch, 0));
    let numbers = Tensor::arange(batch.inputs.numel() as i64, (Kind::Float, batch.inputs.device()));
    batch.inputs.copy_(&numbers.view(&batch.inputs.size()[..]));
    let first = |part: &Tensor| part.double_value(&[0, 0]);
    let rows = (4 * STACK * LEN) as f64;
    let key = batch.key().expect("it has keys");
    let parts = [&batch.observations(), &batch.query(), &key, &batch.next()].map(first);
    assert_eq!(parts, [0.0, rows, 2.0 * rows, 3.0 * rows]);
    let both = batch.key_and_next().expect("it has keys");
    assert_eq!((both.size()[0], first(&both)), (8, 2.0 * rows));
}

/// Gaussian noise is added to what the networks see, where every number has a deviation of 1: the positive is
/// that of a state that is so many of its own deviations away.
#[test]
fn the_noise_of_a_positive_is_in_standard_deviations() {
    let config = debug_config(&[
        "env.observation=state",
        "agent.augmentations=[]",
        "agent.precision=float64",
        "agent.contrast.positive=gaussian",
        "agent.contrast.sigma=0.3",
    ]);
    let input = Input::State { frames: STACK, len: LEN };
    let shape = BatchShape { input, ..shape_of(&config.agent, CONTINUOUS) };
    let mut agent = Agent::new(input, CONTINUOUS, &config.agent, 1, Device::Cpu);
    let deviations = [20.0f32, 0.5];
    [deviations, deviations.map(|it| -it)].iter().for_each(|state| agent.observe(state));

    let (batch, noise) = (random_batch_of(shape, 0), random_noise_of(shape, 0));
    let query = batch.query().to_kind(Kind::Double);
    let far = Tensor::from_slice(&deviations).repeat([STACK as i64]);
    let away = noise.positive.as_ref().expect("it comes with noise") * 0.3 * far;
    let expected =
        agent.similarities(&agent.query_latents(&query), &agent.key_latents(&(query + away)));
    let losses = agent.update(&batch, &noise, 1).unwrap();
    let Told::Scores(scores) = losses.contrast.expect("the contrast is on").told else {
        panic!("the objective compares views")
    };
    assert!(scores.allclose(&expected, 1e-6, 1e-6, false), "{scores} {expected}");
}
