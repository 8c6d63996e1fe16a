//! What the environment shows reaches the batch: the right frames, in order, never across episodes,
//! at the crop positions that were drawn.
//!
//! The counting environment stamps every frame with its episode, its env step and, in every pixel,
//! its position, so that a crop tells where it was cut from what.

use std::collections::{BTreeMap, BTreeSet};

use curl_envs::counter::Stamp;
use curl_envs::{Action, Counter, Ended, Pixels};
use curl_rl::action::ActionSpace;
use curl_rl::augment::Sizes;
use curl_rl::batch::{Batch, Views};
use curl_rl::frame_stack::FrameStack;
use curl_rl::observation::Observation;
use curl_rl::random::{Purpose, Streams};
use curl_rl::replay::{Codec, Replay, ReplayShape};
use tch::{Kind, Tensor};

pub const FRAME: usize = 20;
pub const IMAGE: usize = 12;
const STACK: usize = 3;
pub const REPEAT: u64 = 2;

pub const CODECS: [Codec; 2] = [Codec::Raw, Codec::Delta];

pub fn shape(capacity: usize, codec: Codec) -> ReplayShape {
    ReplayShape {
        capacity,
        episode_len: Some(5),
        stack: STACK,
        action: ActionSpace::Continuous(2),
        observation: Observation::cropped(Sizes { frame: FRAME, image: IMAGE, channels: 3 })
            .expect("there is room"),
        codec,
    }
}

/// The action that marks an agent step.
fn action(agent_step: usize) -> [f32; 2] {
    [agent_step as f32 / 1000.0, -(agent_step as f32) / 1000.0]
}

/// Plays agent steps into a replay, as the training loop does.
pub fn play(replay: &mut Replay, lengths: &[u64], ended: Ended, agent_steps: usize) {
    let counter = Counter::new(2, lengths, ended);
    let mut env = Pixels::new(Box::new(counter), REPEAT, FRAME).expect("the size is possible");
    let mut rng = Streams::new(0).stream(Purpose::TrainEpisode, 0);
    env.reset(&mut rng).expect("a counter can be reset");
    replay.start_episode(env.frame());
    for agent_step in 0..agent_steps {
        let action = action(agent_step);
        let step = env.step(Action::Continuous(&action)).expect("the action fits");
        replay.push(&action, step.reward as f32, step.ended, env.frame());
        if step.ended.is_some() {
            env.reset(&mut rng).expect("a counter can be reset");
            replay.start_episode(env.frame());
        }
    }
}

/// The stamps of an image's frames, oldest first.
pub fn stamps(images: &Tensor, sample: usize) -> Vec<Stamp> {
    let image = images.select(0, sample as i64).contiguous().view(-1);
    let bytes: Vec<u8> = Vec::try_from(image).expect("images are bytes");
    (0..STACK)
        .map(|frame| {
            Counter::decode_with(IMAGE, IMAGE, |row, column, channel| {
                bytes[(row * IMAGE + column) * 3 * STACK + frame * 3 + channel]
            })
            .expect("every pixel of a frame is of one crop of one picture")
        })
        .collect()
}

/// What a sample says of itself.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    agent_step: usize,
    reward: f32,
    not_done: f32,
    query: Vec<Stamp>,
    key: Vec<Stamp>,
    next: Vec<Stamp>,
}

fn sample(replay: &Replay, batches: u64) -> Vec<Sample> {
    let mut batch = Batch::new(replay.shape().batch(16, Views::CURL));
    let mut samples = Vec::new();
    for update in 0..batches {
        replay.sample(&mut batch, &mut Streams::new(5).stream(Purpose::Batch, update));
        for index in 0..16 {
            let number = |tensor: &Tensor, column| tensor.double_value(&[index, column]) as f32;
            let marks = [number(&batch.action, 0), number(&batch.action, 1)];
            let agent_step = (marks[0] * 1000.0).round() as usize;
            assert_eq!(marks, action(agent_step));
            samples.push(Sample {
                agent_step,
                reward: number(&batch.reward, 0),
                not_done: number(&batch.not_done, 0),
                query: stamps(&batch.query(), index as usize),
                key: stamps(&batch.key().expect("the batch has keys"), index as usize),
                next: stamps(&batch.next(), index as usize),
            });
        }
    }
    samples
}

/// Episode and position of agent steps, for episodes of these lengths in agent steps.
pub fn calendar(lengths: &[usize], agent_steps: usize) -> Vec<(u64, usize)> {
    let episodes = lengths.iter().cycle().zip(0..);
    episodes
        .flat_map(|(&length, episode)| (0..length).map(move |position| (episode, position)))
        .take(agent_steps)
        .collect()
}

/// Env steps of a stack that ends at a position: the first frame repeats before the start.
pub fn expected_stack(position: usize) -> Vec<u64> {
    (0..STACK).rev().map(|back| REPEAT * position.saturating_sub(back) as u64).collect()
}

fn check_order(samples: &[Sample], calendar: &[(u64, usize)]) {
    for sample in samples {
        let (episode, position) = calendar[sample.agent_step];
        let steps = |stamps: &[Stamp]| stamps.iter().map(|s| s.env_step).collect::<Vec<_>>();
        for image in [&sample.query, &sample.key, &sample.next] {
            assert!(image.iter().all(|stamp| stamp.episode == episode), "{sample:?}");
        }
        assert_eq!(steps(&sample.query), expected_stack(position), "{sample:?}");
        assert_eq!(steps(&sample.key), expected_stack(position), "{sample:?}");
        assert_eq!(steps(&sample.next), expected_stack(position + 1), "{sample:?}");
        // The counter's reward is its env step, summed over the repeat.
        let last = REPEAT * (position as u64 + 1);
        assert_eq!(sample.reward, (last + last - 1) as f32);
    }
}

#[test]
fn stacks_are_neighbours_of_one_episode() {
    for codec in CODECS {
        let mut replay = Replay::new(shape(200, codec));
        play(&mut replay, &[10, 6], Ended::TimeLimit, 100);
        assert_eq!(replay.len(), 100);
        let samples = sample(&replay, 100);
        check_order(&samples, &calendar(&[5, 3], 100));
        let drawn: BTreeSet<usize> = samples.iter().map(|sample| sample.agent_step).collect();
        assert_eq!(drawn, (0..100).collect(), "every transition is drawn");
        assert!(samples.iter().all(|sample| sample.not_done == 1.0), "a time limit bootstraps");
    }
}

#[test]
fn the_ages_of_a_batch_are_told() {
    let mut replay = Replay::new(shape(200, Codec::Raw));
    play(&mut replay, &[100], Ended::TimeLimit, 40);
    let mut batch = Batch::new(replay.shape().batch(16, Views::CURL));
    for update in 0..20 {
        let ages = replay.sample(&mut batch, &mut Streams::new(5).stream(Purpose::Batch, update));
        let mark = |index| (batch.action.double_value(&[index, 0]) * 1000.0).round();
        // One frame follows on the newest transition's own.
        let expected: Vec<f64> = (0..16).map(|index| 40.0 - mark(index)).collect();
        assert_eq!(ages.mean, expected.iter().sum::<f64>() / 16.0);
        assert_eq!(ages.oldest as f64, expected.iter().copied().fold(0.0, f64::max));
    }
}

#[test]
fn draws_are_uniform() {
    let mut replay = Replay::new(shape(200, Codec::Raw));
    play(&mut replay, &[10, 6], Ended::TimeLimit, 40);
    let mut counts = BTreeMap::<usize, usize>::new();
    let samples = sample(&replay, 250);
    samples.iter().for_each(|sample| *counts.entry(sample.agent_step).or_default() += 1);
    // 4000 draws of 40: 100 each, with a standard deviation of 10.
    assert!(counts.values().all(|count| (55..145).contains(count)), "{counts:?}");
}

#[test]
fn only_a_termination_stops_the_bootstrap() {
    let mut replay = Replay::new(shape(200, Codec::Raw));
    play(&mut replay, &[10, 6], Ended::Terminated, 50);
    let calendar = calendar(&[5, 3], 50);
    for sample in sample(&replay, 50) {
        let (episode, position) = calendar[sample.agent_step];
        let last = position + 1 == [5, 3][episode as usize % 2];
        assert_eq!(sample.not_done, if last { 0.0 } else { 1.0 }, "{sample:?}");
    }
}

#[test]
fn the_oldest_transitions_make_room() {
    let capacity = 23;
    for agent_steps in 40..60 {
        let mut replay = Replay::new(shape(capacity, CODECS[agent_steps % 2]));
        play(&mut replay, &[10, 6], Ended::TimeLimit, agent_steps);
        assert_eq!(replay.len(), capacity);
        let samples = sample(&replay, 30);
        check_order(&samples, &calendar(&[5, 3], agent_steps));
        let drawn: BTreeSet<usize> = samples.iter().map(|sample| sample.agent_step).collect();
        assert_eq!(drawn, (agent_steps - capacity..agent_steps).collect());
    }
}

/// Episodes far shorter than the time limit need more slots than were reserved. The replay then
/// holds fewer transitions, and all of them whole.
#[test]
fn very_short_episodes_take_the_room_of_transitions() {
    for codec in CODECS {
        let mut replay = Replay::new(shape(23, codec));
        play(&mut replay, &[2], Ended::Terminated, 60);
        assert!(replay.len() < 23 && replay.len() > 10, "{}", replay.len());
        check_order(&sample(&replay, 10), &calendar(&[1], 60));
    }
}

#[test]
fn one_position_a_sample_and_image_shared_by_its_frames() {
    let mut replay = Replay::new(shape(200, Codec::Raw));
    play(&mut replay, &[10, 6], Ended::TimeLimit, 100);
    let corner = |stamp: &Stamp| (stamp.row, stamp.column);
    let samples = sample(&replay, 100);
    let mut seen = BTreeSet::new();
    for sample in &samples {
        for image in [&sample.query, &sample.key, &sample.next] {
            assert!(image.iter().all(|stamp| corner(stamp) == corner(&image[0])), "{sample:?}");
            seen.insert(corner(&image[0]));
        }
    }
    let offsets = FRAME - IMAGE;
    let all = (0..offsets).flat_map(|row| (0..offsets).map(move |column| (row, column)));
    assert_eq!(seen, all.collect(), "every offset but the largest");
    let same = |a: fn(&Sample) -> &Vec<Stamp>, b: fn(&Sample) -> &Vec<Stamp>| {
        let equal = |sample: &&Sample| corner(&a(sample)[0]) == corner(&b(sample)[0]);
        samples.iter().filter(equal).count()
    };
    // 1600 independent pairs of 64 positions: 25 are equal by chance.
    for equal in [same(|s| &s.query, |s| &s.key), same(|s| &s.query, |s| &s.next)] {
        assert!((5..60).contains(&equal), "{equal}");
    }
}

#[test]
fn acting_sees_the_centre_of_the_newest_frames() {
    let counter = Counter::new(2, &[100], Ended::TimeLimit);
    let mut env = Pixels::new(Box::new(counter), REPEAT, FRAME).expect("the size is possible");
    let mut rng = Streams::new(0).stream(Purpose::TrainEpisode, 0);
    let mut stack = FrameStack::new(&shape(1, Codec::Raw).observation, STACK);
    env.reset(&mut rng).expect("a counter can be reset");
    stack.start(env.frame());
    for position in 0..5 {
        let seen = stamps(stack.input(), 0);
        let steps: Vec<u64> = seen.iter().map(|stamp| stamp.env_step).collect();
        assert_eq!(steps, expected_stack(position));
        assert!(seen.iter().all(|stamp| (stamp.row, stamp.column) == (4, 4)));
        env.step(Action::Continuous(&[0.0, 0.0])).expect("the action fits");
        stack.push(env.frame());
    }
    assert_eq!(stack.input().kind(), Kind::Uint8);
}
