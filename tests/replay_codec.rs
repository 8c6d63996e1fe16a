//! Frames that are stored as differences are, when they are sampled, the frames that were stored.

use curl_rl::action::ActionSpace;
use curl_rl::augment::Sizes;
use curl_rl::batch::Batch;
use curl_rl::batch::Views;
use curl_rl::observation::Observation;
use curl_rl::random::{Purpose, Stream, Streams};
use curl_rl::replay::{Codec, Replay, ReplayShape};
use rand::{Rng, RngExt};

use curl_envs::Ended;

const FRAME: usize = 20;
const FRAME_BYTES: usize = FRAME * FRAME * 3;

fn replay(capacity: usize, stack: usize, codec: Codec) -> Replay {
    Replay::new(ReplayShape {
        capacity,
        episode_len: Some(15),
        stack,
        action: ActionSpace::Continuous(2),
        observation: Observation::cropped(Sizes { frame: FRAME, image: 12, channels: 3 })
            .expect("there is room"),
        codec,
    })
}

/// Pictures of a world in which, from frame to frame, nothing moves, something moves, or everything
/// changes.
struct World {
    rng: Stream,
    frame: Vec<u8>,
}

impl World {
    fn new(seed: u64) -> Self {
        let rng = Streams::new(seed).stream(Purpose::TrainEpisode, 0);
        Self { rng, frame: vec![30; FRAME_BYTES] }
    }

    fn next(&mut self) -> &[u8] {
        match self.rng.random_range(0..8) {
            0 => {}
            1 => self.rng.fill_bytes(&mut self.frame),
            2 => self.frame.rotate_left(3 * (FRAME + 1)),
            3 => self.frame.fill(self.rng.random()),
            _ => {
                let start = self.rng.random_range(0..FRAME_BYTES - 100);
                self.rng.fill_bytes(&mut self.frame[start..start + 100]);
            }
        }
        &self.frame
    }

    /// Plays one episode into several replays.
    fn play(&mut self, len: usize, replays: &mut [Replay]) {
        let first = self.next();
        replays.iter_mut().for_each(|replay| replay.start_episode(first));
        for step in 1..=len {
            let action = [self.rng.random(), self.rng.random()];
            let ended = (step == len).then(|| match self.rng.random_bool(0.5) {
                true => Ended::TimeLimit,
                false => Ended::Terminated,
            });
            let frame = self.next();
            replays.iter_mut().for_each(|replay| replay.push(&action, step as f32, ended, frame));
        }
    }
}

/// The batches that an update would be given, as bytes and numbers.
fn batch(replay: &Replay, update: u64) -> (Vec<u8>, [Vec<f32>; 3]) {
    let mut batch = Batch::new(replay.shape().batch(32, Views::CURL));
    replay.sample(&mut batch, &mut Streams::new(3).stream(Purpose::Batch, update));
    let Batch { inputs, action, reward, not_done, .. } = batch;
    let bytes = Vec::try_from(inputs.view(-1)).expect("bytes");
    let numbers = [action, reward, not_done].map(|t| Vec::try_from(t.view(-1)).expect("numbers"));
    (bytes, numbers)
}

#[test]
fn both_codecs_give_the_same_batches() {
    for (seed, capacity, stack) in [(1, 60, 3), (2, 150, 1), (3, 40, 4), (4, 700, 2)] {
        let mut replays = [Codec::Raw, Codec::Delta].map(|codec| replay(capacity, stack, codec));
        let mut world = World::new(seed);
        // Odd lengths, from one step on, until the ring has been filled several times.
        for (update, len) in [1, 7, 2, 15, 3, 11].into_iter().cycle().take(400).enumerate() {
            world.play(len, &mut replays);
            let [raw, delta] = &replays;
            assert_eq!(raw.len(), delta.len());
            assert!(batch(raw, update as u64) == batch(delta, update as u64), "update {update}");
        }
        assert_eq!(replays[0].frames(), replays[0].shape().slots());
    }
}

/// Episodes of a picture in which little moves.
fn fill(replay: &mut Replay, steps: usize) {
    let mut world = World::new(5);
    world.rng.fill_bytes(&mut world.frame);
    for step in 0..steps {
        world.frame[step % FRAME_BYTES] ^= 1;
        match step % 16 {
            0 => replay.start_episode(&world.frame),
            _ => replay.push(&[0.0, 0.0], 0.0, None, &world.frame),
        }
    }
}

#[test]
fn memory_does_not_grow_once_the_ring_is_full() {
    let mut replay = replay(2000, 3, Codec::Delta);
    fill(&mut replay, 3000);
    let full = replay.frame_bytes();
    let raw = replay.frames() * FRAME_BYTES;
    assert!(full < raw / 6, "{full} of {raw}");
    for _ in 0..10 {
        fill(&mut replay, 777);
        let now = replay.frame_bytes();
        // More or less by a segment: 64 frames.
        assert!(now.abs_diff(full) <= 64 * FRAME_BYTES, "{now} after {full}");
    }
}

#[test]
fn what_cannot_be_compressed_takes_no_more_than_raw_frames() {
    let mut replays = [Codec::Raw, Codec::Delta].map(|codec| replay(500, 3, codec));
    let mut noise = vec![0; FRAME_BYTES];
    let mut rng = Streams::new(6).stream(Purpose::TrainEpisode, 0);
    for replay in &mut replays {
        replay.start_episode(&noise);
        for _ in 0..900 {
            rng.fill_bytes(&mut noise);
            replay.push(&[0.0, 0.0], 0.0, None, &noise);
        }
    }
    let [raw, delta] = replays.map(|replay| replay.frame_bytes());
    assert!(delta < raw + raw / 10 + 2 * 64 * FRAME_BYTES, "{delta}, raw {raw}");
}
