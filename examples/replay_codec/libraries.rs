//! What libraries make of the differences between frames: bytes, and microseconds.

use std::hint::black_box;
use std::time::Instant;

use curl_rl::replay::codec::FrameCodec;
use lz4::block::CompressionMode;

use super::recording::Recording;

/// Frames between two key frames, the same for all that is compared.
const KEY_EVERY: usize = 125;
/// One frame in so many is measured.
const MEASURE_EVERY: usize = 3;
/// Frames that are timed together.
const TIMED: usize = 16;

/// Makes the bytes that are compressed, from a key frame and a frame.
type Difference = fn(&FrameCodec, &[u8], &[u8]) -> Vec<u8>;
type Compress = Box<dyn FnMut(&[u8]) -> Vec<u8>>;
/// Writes the bytes that a code stands for, and says how many.
type Decompress = Box<dyn FnMut(&[u8], &mut [u8]) -> usize>;

/// How a frame and its key frame become the bytes that are compressed.
const DIFFERENCES: [(&str, Difference); 4] = [
    ("none", |_, _, frame| frame.to_vec()),
    ("XOR", |_, key, frame| key.iter().zip(frame).map(|(key, byte)| key ^ byte).collect()),
    ("minus", |_, key, frame| {
        key.iter().zip(frame).map(|(key, byte)| byte.wrapping_sub(*key)).collect()
    }),
    ("row's choice", |codec, key, frame| codec.differences(key, frame)),
];

/// A library at one level.
struct Library {
    name: String,
    compress: Compress,
    decompress: Decompress,
}

fn libraries() -> Vec<Library> {
    let mut libraries = vec![Library {
        name: "lz4_flex".to_string(),
        compress: Box::new(lz4_flex::block::compress),
        decompress: Box::new(|code, bytes| {
            lz4_flex::block::decompress_into(code, bytes).expect("it was compressed")
        }),
    }];
    libraries.extend([0, 3, 4, 5, 6, 9].map(|level| Library {
        name: if level == 0 { "LZ4".to_string() } else { format!("LZ4 HC {level}") },
        compress: Box::new(move |bytes| {
            let mode = (level > 0).then_some(CompressionMode::HIGHCOMPRESSION(level));
            lz4::block::compress(bytes, mode, false).expect("it is small")
        }),
        decompress: Box::new(|code, bytes| {
            let len = Some(bytes.len() as i32);
            lz4::block::decompress_to_buffer(code, len, bytes).expect("it was compressed")
        }),
    }));
    libraries.extend([-5, -1, 1, 3, 9].map(|level| {
        let mut compressor = zstd::bulk::Compressor::new(level).expect("the level exists");
        let mut decompressor = zstd::bulk::Decompressor::new().expect("there is memory");
        Library {
            name: format!("zstd {level}"),
            compress: Box::new(move |bytes| compressor.compress(bytes).expect("it is small")),
            decompress: Box::new(move |code, bytes| {
                decompressor.decompress_to_buffer(code, bytes).expect("it was compressed")
            }),
        }
    }));
    libraries
}

pub fn print_header() {
    println!("| task | actions | difference | library | bytes | encode, us | decode, us |");
    println!("|---|---|---|---|---|---|---|");
}

/// Prints a row for each way to store the frames of a recording. Times are the 10th percentile, so
/// that what else the machine does counts little.
pub fn measure(recording: &Recording) {
    let codec = FrameCodec::new(recording.size, recording.size, 3);
    let mut pairs = Vec::new();
    for episode in recording.episodes() {
        let frames: Vec<&[u8]> = episode.collect();
        for chunk in frames.chunks(KEY_EVERY) {
            let measured = chunk.iter().skip(1).step_by(MEASURE_EVERY);
            pairs.extend(measured.map(|frame| (chunk[0], *frame)));
        }
    }
    let Recording { env, policy, .. } = recording;
    for (name, difference) in DIFFERENCES {
        let inputs: Vec<Vec<u8>> =
            pairs.iter().map(|(key, frame)| difference(&codec, key, frame)).collect();
        for mut library in libraries() {
            let (bytes, encode, decode) = library.measure(&inputs);
            let library = library.name;
            println!(
                "| {env} | {policy} | {name} | {library} | {bytes:.0} | {encode:.1} | {decode:.1} |"
            );
        }
    }
    measure_differences(&codec, recording, &pairs);
}

impl Library {
    /// Mean bytes, and microseconds of compression and decompression.
    fn measure(&mut self, inputs: &[Vec<u8>]) -> (f64, f64, f64) {
        let mut codes = Vec::new();
        let encode = micros(inputs, |bytes| codes.push((self.compress)(bytes)));
        let mut room = vec![0; inputs[0].len()];
        let decode = micros(&codes, |code| {
            black_box((self.decompress)(code, &mut room));
        });
        let bytes = codes.iter().map(Vec::len).sum::<usize>() as f64 / codes.len() as f64;
        (bytes, encode, decode)
    }
}

fn measure_differences(codec: &FrameCodec, recording: &Recording, pairs: &[(&[u8], &[u8])]) {
    let make = micros(pairs, |(key, frame)| {
        black_box(codec.differences(key, frame));
    });
    let differences: Vec<_> =
        pairs.iter().map(|(key, frame)| (*key, codec.differences(key, frame))).collect();
    let mut frame = vec![0; pairs[0].0.len()];
    let restore = micros(&differences, |(key, differences)| {
        codec.restore(key, differences, &mut frame).expect("they were just made");
        black_box(&frame);
    });
    let Recording { env, policy, .. } = recording;
    println!("| {env} | {policy} | row's choice | (alone) | | {make:.1} | {restore:.1} |");
}

/// The 10th percentile of the microseconds that a call takes.
fn micros<T>(inputs: &[T], mut call: impl FnMut(&T)) -> f64 {
    let mut times: Vec<f64> = inputs
        .chunks_exact(TIMED)
        .map(|inputs| {
            let start = Instant::now();
            inputs.iter().for_each(&mut call);
            start.elapsed().as_secs_f64() * 1e6 / TIMED as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 10]
}
