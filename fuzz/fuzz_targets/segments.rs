//! Alterations of a real run's replay files and of their position, with right checksums.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use curl_envs::Ended;
use curl_rl::action::ActionSpace;
use curl_rl::augment::Sizes;
use curl_rl::batch::{Batch, Views};
use curl_rl::observation::Observation;
use curl_rl::random::{Purpose, Streams};
use curl_rl::replay::segments::{Segments, SegmentsPosition};
use curl_rl::replay::{Codec, Replay, ReplayShape};
use libfuzzer_sys::fuzz_target;
use rand::Rng;
use tempfile::TempDir;

const SIDE: usize = 6;
/// Magic, first slot, bytes of a frame, dimensions of an action.
const HEADER: usize = 24;

#[derive(Arbitrary, Debug)]
struct Input {
    delta: bool,
    position: Vec<(u8, Number)>,
    edits: Vec<(u8, Edit)>,
}

#[derive(Arbitrary, Debug)]
enum Number {
    Set(u64),
    Add(i8),
}

/// What is done to a file; records are counted modulo how many there are.
#[derive(Arbitrary, Debug)]
enum Edit {
    Header {
        at: u8,
        byte: u8,
    },
    /// A byte of a record: flags, position, reward, action and the frame's code.
    Byte {
        record: u8,
        at: u8,
        byte: u8,
    },
    Position {
        record: u8,
        position: u32,
    },
    Code {
        record: u8,
        code: Vec<u8>,
    },
    Insert {
        record: u8,
        payload: Vec<u8>,
    },
    Remove {
        record: u8,
    },
    Repeat {
        record: u8,
    },
    /// What the checksum does not cover: the file is cut, or goes on.
    Cut {
        bytes: u16,
    },
    Append {
        bytes: Vec<u8>,
    },
}

/// Files of a run whose ring has gone round once.
struct Written {
    shape: ReplayShape,
    files: Vec<Vec<u8>>,
    position: SegmentsPosition,
}

static WRITTEN: LazyLock<[Written; 2]> =
    LazyLock::new(|| [Codec::Raw, Codec::Delta].map(|codec| write(codec)));

fn shape(codec: Codec) -> ReplayShape {
    ReplayShape {
        capacity: 70,
        episode_len: Some(20),
        stack: 3,
        action: ActionSpace::Continuous(2),
        observation: Observation::cropped(Sizes { frame: SIDE, image: SIDE - 2, channels: 3 })
            .expect("there is room"),
        codec,
    }
}

fn write(codec: Codec) -> Written {
    let shape = shape(codec);
    let run = folder();
    let mut replay = Replay::new(shape.clone());
    let mut segments = Segments::create(run.path(), 0).expect("the folder is new");
    let mut rng = Streams::new(1).stream(Purpose::Batch, 0);
    let mut frame = vec![0; shape.frame_bytes()];
    for step in 0..100 {
        // Some frames are like the one before, some are not.
        rng.fill_bytes(if step % 3 == 0 { &mut frame } else { &mut frame[..9] });
        if step % 21 == 0 {
            replay.start_episode(&frame);
        } else {
            replay.push(&[0.5, -0.5], 1.0, (step % 21 == 20).then_some(Ended::TimeLimit), &frame);
        }
        segments.append(&replay).expect("there is room");
    }
    let position = segments.sync(&replay).expect("there is room");
    let numbers = position.replay.first_segment..=position.last_segment;
    let files = numbers.map(|number| fs::read(path(run.path(), number)).expect("it was written"));
    Written { shape, files: files.collect(), position }
}

fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").expect("there is room")
}

fn path(run_dir: &Path, number: u64) -> std::path::PathBuf {
    run_dir.join(format!("replay/{number:08}.frames"))
}

fuzz_target!(|input: Input| {
    let written = &WRITTEN[usize::from(input.delta)];
    let mut position = written.position;
    for (field, number) in &input.position {
        number.apply(&mut position, *field);
    }
    let mut files: Vec<File> = written.files.iter().map(|bytes| File::parse(bytes)).collect();
    for (index, edit) in &input.edits {
        let index = usize::from(*index) % files.len();
        files[index].apply(edit);
    }
    let run = folder();
    fs::create_dir(run.path().join("replay")).expect("the folder is new");
    for (file, number) in files.iter().zip(written.position.replay.first_segment..) {
        fs::write(path(run.path(), number), file.bytes()).expect("there is room");
    }
    go_on(run.path(), &written.shape, &position);
});

/// What a resumed run does with its replay.
fn go_on(run_dir: &Path, shape: &ReplayShape, position: &SegmentsPosition) {
    let (mut segments, mut replay) = match Segments::resume(run_dir, 0, shape.clone(), position) {
        Ok(resumed) => resumed,
        Err(error) => return drop(error.to_string()),
    };
    assert_eq!(replay.position().written, position.replay.written);
    sample(&replay);
    let frames = replay.newest_frames();
    replay.push(&[0.0; 2], 0.0, Some(Ended::Terminated), &frames[0]);
    segments.append(&replay).expect("there is room");
    replay.start_episode(&frames[0]);
    for _ in 0..80 {
        segments.append(&replay).expect("there is room");
        replay.push(&[0.0; 2], 0.0, None, &frames[0]);
    }
    segments.append(&replay).expect("there is room");
    sample(&replay);
    // What was accepted and went on is accepted again.
    let position = segments.sync(&replay).expect("there is room");
    let (_, again) =
        Segments::resume(run_dir, 0, shape.clone(), &position).expect("it was written by us");
    assert_eq!(again.newest_frames(), replay.newest_frames());
}

fn sample(replay: &Replay) {
    if !replay.is_empty() {
        let mut batch = Batch::new(replay.shape().batch(16, Views::CURL));
        replay.sample(&mut batch, &mut Streams::new(1).stream(Purpose::Batch, 1));
    }
}

impl Number {
    fn apply(&self, position: &mut SegmentsPosition, field: u8) {
        let replay = &mut position.replay;
        let fields = [
            &mut replay.written,
            &mut replay.oldest,
            &mut replay.first_segment,
            &mut replay.first_slot,
            &mut position.last_segment,
            &mut position.last_bytes,
        ];
        let count = fields.len();
        let field = fields.into_iter().nth(usize::from(field) % count).expect("within the count");
        *field = match *self {
            Self::Set(number) => number,
            Self::Add(number) => field.saturating_add_signed(number.into()),
        };
    }
}

/// A segment's file in parts.
struct File {
    header: Vec<u8>,
    records: Vec<Vec<u8>>,
    cut: usize,
    rest: Vec<u8>,
}

impl File {
    fn parse(bytes: &[u8]) -> Self {
        let (header, mut rest) = bytes.split_at(HEADER);
        let mut records = Vec::new();
        while let Some((len, after)) = rest.split_first_chunk() {
            let end = 4 + u32::from_le_bytes(*len) as usize;
            records.push(after[4..end].to_vec());
            rest = &after[end..];
        }
        Self { header: header.to_vec(), records, cut: 0, rest: Vec::new() }
    }

    fn apply(&mut self, edit: &Edit) {
        let Self { header, records, cut, rest } = self;
        if records.is_empty() {
            records.push(Vec::new());
        }
        let count = records.len();
        let at = |record: u8| usize::from(record) % count;
        match edit {
            Edit::Header { at, byte } => header[usize::from(*at) % HEADER] = *byte,
            Edit::Byte { record, at: place, byte } => {
                if let Some(old) = records[at(*record)].get_mut(usize::from(*place)) {
                    *old = *byte;
                }
            }
            Edit::Position { record, position } => {
                if let Some(old) = records[at(*record)].get_mut(1..5) {
                    old.copy_from_slice(&position.to_le_bytes());
                }
            }
            Edit::Code { record, code } => {
                let record = &mut records[at(*record)];
                // Flags and position; reward and action, where there is a transition.
                let start = if record.first().is_some_and(|flags| flags & 2 != 0) { 17 } else { 5 };
                record.truncate(start);
                record.extend(code);
            }
            Edit::Insert { record, payload } => records.insert(at(*record), payload.clone()),
            Edit::Remove { record } => drop(records.remove(at(*record))),
            Edit::Repeat { record } => {
                let repeated = records[at(*record)].clone();
                records.insert(at(*record), repeated);
            }
            Edit::Cut { bytes } => *cut += usize::from(*bytes),
            Edit::Append { bytes } => rest.extend(bytes),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.clone();
        for payload in &self.records {
            bytes.extend((payload.len() as u32).to_le_bytes());
            bytes.extend(crc32fast::hash(payload).to_le_bytes());
            bytes.extend(payload);
        }
        bytes.truncate(bytes.len().saturating_sub(self.cut));
        bytes.extend(&self.rest);
        bytes
    }
}
