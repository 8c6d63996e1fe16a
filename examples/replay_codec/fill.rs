//! Full replays: what they take of the machine's memory, and how long a batch takes.

use std::fs;
use std::time::Instant;

use anyhow::Context;
use curl_rl::action::ActionSpace;
use curl_rl::augment::Sizes;
use curl_rl::batch::Batch;
use curl_rl::batch::Views;
use curl_rl::observation::Observation;
use curl_rl::random::{Purpose, Streams};
use curl_rl::replay::{Codec, Replay, ReplayShape};

use super::recording::Recording;

/// Images are smaller than frames by this factor: 84 of 100.
const CROP: f64 = 0.84;
const ACTION: [f32; 6] = [0.0; 6];
const BATCH_SIZES: [usize; 2] = [128, 512];
const TIMED_BATCHES: u64 = 100;

pub fn print_header() {
    println!(
        "| task | codec | bytes a frame | frames, MB | resident, MB | batch of 128, ms: fastest | \
         median | batch of 512, ms: fastest | median | push, us |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
}

/// Fills a replay with each codec, and prints what it takes.
pub fn measure(recordings: &[Recording], capacity: usize) -> anyhow::Result<()> {
    for codec in [Codec::Delta, Codec::Raw] {
        let before = anonymous_bytes()?;
        let (replay, push) = fill(recordings, capacity, codec);
        let resident = anonymous_bytes()? - before;
        let bytes = replay.frame_bytes() as f64;
        let times = BATCH_SIZES.map(|size| batch_millis(&replay, size));
        println!(
            "| {} | {codec:?} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {push:.0} |",
            recordings[0].env,
            bytes / replay.frames() as f64,
            bytes / 1e6,
            resident / 1e6,
            times[0][0],
            times[0][1],
            times[1][0],
            times[1][1],
        );
    }
    Ok(())
}

/// Resident memory of this process that is no file: pages of files come and go with what else the
/// machine does.
fn anonymous_bytes() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let value = line.context("this system does not tell resident memory")?;
    Ok(value.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1024.0)
}

/// Stores the episodes of the recordings again and again until the replay is full. Equal episodes
/// take as much as different ones: nothing is shared between episodes. Also gives the mean
/// microseconds of a push.
fn fill(recordings: &[Recording], capacity: usize, codec: Codec) -> (Replay, f64) {
    let Recording { size, episode_frames, .. } = recordings[0];
    let image = (size as f64 * CROP) as usize;
    let episode_len = Some(episode_frames - 1);
    let (stack, action) = (3, ActionSpace::Continuous(ACTION.len()));
    let sizes = Sizes { frame: size, image, channels: 3 };
    let observation = Observation::cropped(sizes).expect("there is room to crop");
    let shape = ReplayShape { capacity, episode_len, stack, action, observation, codec };
    let mut replay = Replay::new(shape);
    let start = Instant::now();
    let mut pushes = 0;
    // Half more than it holds, so that the ring has wrapped around.
    while pushes < capacity + capacity / 2 {
        for episode in recordings.iter().flat_map(Recording::episodes) {
            for (position, frame) in episode.enumerate() {
                match position {
                    0 => replay.start_episode(frame),
                    _ => replay.push(&ACTION, 0.0, None, frame),
                }
                pushes += 1;
            }
        }
    }
    (replay, start.elapsed().as_secs_f64() * 1e6 / pushes as f64)
}

/// The fastest and the median batch.
fn batch_millis(replay: &Replay, size: usize) -> [f64; 2] {
    let mut batch = Batch::new(replay.shape().batch(size, Views::CURL));
    let streams = Streams::new(1);
    let mut times: Vec<f64> = (0..TIMED_BATCHES)
        .map(|update| {
            let start = Instant::now();
            replay.sample(&mut batch, &mut streams.stream(Purpose::Batch, update));
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    [times[0], times[times.len() / 2]]
}
