//! What a contrast sees of pixels beside critic and actor: windows of episodes, and views that are
//! augmented in its own way.

use std::collections::BTreeSet;

use curl_envs::Ended;
use curl_envs::counter::Stamp;
use curl_rl::batch::{Batch, Views, WindowShape, Windows};
use curl_rl::random::{Purpose, Streams};
use curl_rl::replay::{Codec, Replay, ReplayShape};
use curl_rl::train::pictures;
use tch::Tensor;

use crate::data_path::{
    CODECS, FRAME, IMAGE, REPEAT, calendar, expected_stack, play, shape, stamps,
};
use crate::fixtures::debug_config;

/// Lengths of episodes in env steps, and in agent steps.
const ENV_STEPS: [u64; 2] = [10, 6];
const LENGTHS: [usize; 2] = [5, 3];

/// Critic and actor see the centres of frames, the contrast crops them at random.
const CONTRAST_ONLY: [&str; 2] =
    ["agent.augmentations=[\"centre-crop\"]", "agent.contrast.augmentations=[\"crop\"]"];

type Corner = (usize, usize);

/// The corner of the frames' centre.
const CENTRE: Corner = ((FRAME - IMAGE) / 2, (FRAME - IMAGE) / 2);

/// A replay whose frames are augmented as a configuration says, of which the views of its batches come too.
fn contrast_only(codec: Codec, sets: &[&str]) -> (Replay, Views) {
    let sizes = [format!("env.render_size={FRAME}"), format!("agent.image_size={IMAGE}")];
    let sizes = sizes.each_ref().map(String::as_str);
    let config = debug_config(&[&sizes, &CONTRAST_ONLY, sets].concat());
    let shape = ReplayShape { observation: pictures(&config), ..shape(200, codec) };
    (Replay::new(shape), Views::from(&config.agent))
}

/// Whence the frames of an image come: the episode, their env steps, and the one place they are cut at.
fn origin(images: &Tensor, row: usize) -> (u64, Vec<u64>, Corner) {
    let stamps = stamps(images, row);
    let corner = |stamp: &Stamp| (stamp.row, stamp.column);
    let Stamp { episode, .. } = stamps[0];
    let is_one = |stamp: &Stamp| stamp.episode == episode && corner(stamp) == corner(&stamps[0]);
    assert!(stamps.iter().all(is_one), "{stamps:?}");
    (episode, stamps.iter().map(|stamp| stamp.env_step).collect(), corner(&stamps[0]))
}

/// What was seen of windows.
#[derive(Default)]
struct Seen {
    /// Where they begin: an episode and an agent step in it.
    starts: BTreeSet<(u64, usize)>,
    /// How many of their observations lie within the episode.
    reaches: BTreeSet<usize>,
    corners: BTreeSet<Corner>,
    /// Neighbours within a window, and those of them that are cut at the same place.
    neighbours: usize,
    equal: usize,
}

impl Seen {
    /// Checks one window, of an episode that has come to its `last` agent step.
    fn check(&mut self, windows: &Windows, window: usize, shape: WindowShape, last: &Last) {
        let WindowShape { length, stride } = shape;
        let row = |at: usize| window * length + at;
        let (episode, env_steps, _) = origin(&windows.inputs, row(0));
        let start = (env_steps[env_steps.len() - 1] / REPEAT) as usize;
        let reach = ((last(episode) - start) / stride + 1).min(length);
        self.starts.insert((episode, start));
        self.reaches.insert(reach);
        let mut corner_before = None;
        for at in 0..length {
            let is_valid = windows.valid.int64_value(&[window as i64, at as i64]) == 1;
            let place = format!("{at} of {shape:?} from step {start} of episode {episode}");
            assert_eq!(is_valid, at < reach, "{place}");
            if !is_valid {
                let largest = windows.inputs.get(row(at) as i64).max().int64_value(&[]);
                assert_eq!(largest, 0, "{place}");
                continue;
            }
            let (of_episode, env_steps, corner) = origin(&windows.inputs, row(at));
            assert_eq!(
                (of_episode, env_steps),
                (episode, expected_stack(start + at * stride)),
                "{place}"
            );
            self.corners.insert(corner);
            self.neighbours += usize::from(at > 0);
            self.equal += usize::from(corner_before == Some(corner));
            corner_before = Some(corner);
        }
    }
}

/// The last agent step that an episode has come to.
type Last = dyn Fn(u64) -> usize;

/// Windows of a replay whose last episode is under way, and what was seen of them.
fn look(replay: &Replay, windows: WindowShape, last: &Last) -> Seen {
    let views = Views { windows: Some(windows), ..Views::PLAIN };
    let mut batch = Batch::new(replay.shape().batch(64, views));
    let mut seen = Seen::default();
    for update in 0..60 {
        replay.sample(&mut batch, &mut Streams::new(5).stream(Purpose::Batch, update));
        let of_batch = batch.windows.as_ref().expect("they were asked for");
        for window in 0..64 / windows.length {
            seen.check(of_batch, window, windows, last);
        }
    }
    seen
}

#[test]
fn windows_of_pixels_are_of_one_episode_and_end_with_it() {
    // The eleventh episode has come to its third agent step.
    let (agent_steps, under_way) = (43, 10);
    let last = move |episode: u64| match episode == under_way {
        true => 3,
        false => LENGTHS[episode as usize % 2],
    };
    let calendar = calendar(&LENGTHS, agent_steps);
    assert_eq!(calendar.last(), Some(&(under_way, 2)));
    for codec in CODECS {
        for (length, stride) in [(4, 1), (3, 2), (2, 3)] {
            let (mut replay, _) = contrast_only(codec, &[]);
            play(&mut replay, &ENV_STEPS, Ended::TimeLimit, agent_steps);
            let seen = look(&replay, WindowShape { length, stride }, &last);
            assert_eq!(
                seen.starts,
                calendar.iter().copied().collect(),
                "every transition begins one"
            );
            assert!(seen.reaches.len() > 1 && seen.reaches.contains(&length), "{:?}", seen.reaches);
            // The contrast's crop, at 8 x 8 places, each observation at its own.
            assert!(seen.corners.len() > 60, "{:?}", seen.corners);
            let share = seen.equal as f64 / seen.neighbours as f64;
            assert!(share < 0.05, "{} of {}", seen.equal, seen.neighbours);
        }
    }
}

/// Of the oldest episode only the end is left, whose stacks reach back to frames that no window begins at.
#[test]
fn windows_of_pixels_begin_where_the_replay_does() {
    let capacity = 23;
    for agent_steps in 40..56 {
        let mut replay = Replay::new(shape(capacity, CODECS[agent_steps % 2]));
        play(&mut replay, &ENV_STEPS, Ended::TimeLimit, agent_steps);
        let calendar = calendar(&LENGTHS, agent_steps);
        let newest = calendar[agent_steps - 1];
        let last = move |episode: u64| match episode == newest.0 {
            true => newest.1 + 1,
            false => LENGTHS[episode as usize % 2],
        };
        let seen = look(&replay, WindowShape { length: 3, stride: 1 }, &last);
        let kept = &calendar[agent_steps - capacity..];
        assert_eq!(seen.starts, kept.iter().copied().collect());
    }
}

#[test]
fn a_contrast_that_crops_alone_leaves_the_centre_to_critic_and_actor() {
    for codec in CODECS {
        let (mut replay, views) = contrast_only(codec, &[]);
        play(&mut replay, &ENV_STEPS, Ended::TimeLimit, 100);
        let mut batch = Batch::new(replay.shape().batch(16, views));
        let (mut corners, mut equal) = (BTreeSet::new(), 0);
        for update in 0..40 {
            replay.sample(&mut batch, &mut Streams::new(5).stream(Purpose::Batch, update));
            for sample in 0..16 {
                let (episode, env_steps, corner) = origin(&batch.observations(), sample);
                assert_eq!(corner, CENTRE);
                let next = origin(&batch.next(), sample);
                let position = (env_steps[env_steps.len() - 1] / REPEAT) as usize;
                assert_eq!(next, (episode, expected_stack(position + 1), CENTRE));
                let query = origin(&batch.query(), sample);
                let key = origin(&batch.key().expect("the batch has keys"), sample);
                for view in [&query, &key] {
                    assert_eq!((view.0, &view.1), (episode, &env_steps));
                    corners.insert(view.2);
                }
                equal += usize::from(query.2 == key.2);
            }
        }
        assert_eq!(corners.len(), 64, "every place but those of the largest offset");
        // 640 independent pairs of 64 places: 10 are equal by chance.
        assert!(equal < 30, "{equal}");
    }
}

/// A query of its own that is compared with itself plus noise.
#[test]
fn so_it_is_where_the_positive_is_gaussian() {
    let (mut replay, views) = contrast_only(Codec::Raw, &["agent.contrast.positive=gaussian"]);
    play(&mut replay, &ENV_STEPS, Ended::TimeLimit, 40);
    let mut batch = Batch::new(replay.shape().batch(64, views));
    replay.sample(&mut batch, &mut Streams::new(5).stream(Purpose::Batch, 0));
    assert!(batch.key().is_none());
    let corners = |images: &Tensor| -> BTreeSet<Corner> {
        (0..64).map(|sample| origin(images, sample).2).collect()
    };
    assert_eq!(corners(&batch.observations()), BTreeSet::from([CENTRE]));
    assert_eq!(corners(&batch.next()), BTreeSet::from([CENTRE]));
    assert!(corners(&batch.query()).len() > 20);
}
