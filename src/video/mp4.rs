//! H.264 frames (OpenH264) in an MP4 container.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::num::NonZeroU32;

use openh264::OpenH264API;
use openh264::encoder::{
    Encoder, EncoderConfig, FrameRate, IntraFramePeriod, Profile, QpRange, RateControlMode,
    VuiConfig,
};
use openh264::formats::{RgbSliceU8, YUVBuffer};
use shiguredo_mp4::boxes::{Avc1Box, AvccBox, SampleEntry, VisualSampleEntryFields};
use shiguredo_mp4::mux::{Mp4FileMuxer, Sample};
use shiguredo_mp4::{TrackKind, Uint};

use super::WriteError;

/// Units of time per second; most frame rates come out whole.
const TIMESCALE: u32 = 90_000;
/// H.264's quantiser (0 to 51). Measured on the suite's pictures: 46 dB, 350 bytes a frame of
/// 100x100.
const QUANTISER: u8 = 16;
/// A player can jump to a frame that stands alone. One every two seconds at 25 frames per second.
const FRAMES_BETWEEN_KEYFRAMES: u32 = 50;
/// Types of network abstraction layer units (ITU-T H.264, table 7-1).
const NAL_IDR_SLICE: u8 = 5;
const NAL_SPS: u8 = 7;
const NAL_PPS: u8 = 8;

pub(super) struct Mp4Writer {
    file: BufWriter<File>,
    encoder: Encoder,
    muxer: Mp4FileMuxer,
    /// Width and height of a frame as it comes, and as it is encoded.
    from: (usize, usize),
    padded: (usize, usize),
    rgb: Vec<u8>,
    yuv: YUVBuffer,
    sample: Vec<u8>,
    position: u64,
    duration: u32,
}

impl Mp4Writer {
    pub(super) fn start(
        file: File,
        width: usize,
        height: usize,
        frames_per_second: f64,
    ) -> Result<Self, WriteError> {
        let muxer = Mp4FileMuxer::new().map_err(WriteError::encode)?;
        let mut file = BufWriter::new(file);
        file.write_all(muxer.initial_boxes_bytes())?;
        let padded = (padded_side(width), padded_side(height));
        Ok(Self {
            position: muxer.initial_boxes_bytes().len() as u64,
            file,
            encoder: encoder(frames_per_second)?,
            muxer,
            from: (width, height),
            padded,
            rgb: vec![0; padded.0 * padded.1 * 3],
            yuv: YUVBuffer::new(padded.0, padded.1),
            sample: Vec::new(),
            // In 90 to 900000, by the range that `Video` takes.
            duration: (f64::from(TIMESCALE) / frames_per_second).round() as u32,
        })
    }

    pub(super) fn frame(&mut self, rgb: &[u8]) -> Result<(), WriteError> {
        pad(rgb, self.from, &mut self.rgb, self.padded);
        self.yuv.read_rgb8(RgbSliceU8::new(&self.rgb, self.padded));
        let stream = self.encoder.encode(&self.yuv).map_err(WriteError::encode)?;

        self.sample.clear();
        let (mut sps, mut pps, mut keyframe) = (None, None, false);
        for layer in (0..stream.num_layers()).filter_map(|i| stream.layer(i)) {
            for unit in (0..layer.nal_count()).filter_map(|i| layer.nal_unit(i)) {
                let unit = without_start_code(unit);
                match unit.first().map(|header| header & 0x1f) {
                    Some(NAL_SPS) => sps = Some(unit.to_vec()),
                    Some(NAL_PPS) => pps = Some(unit.to_vec()),
                    Some(kind) => {
                        keyframe |= kind == NAL_IDR_SLICE;
                        // In a file a unit's length stands where a stream has a start code.
                        self.sample.extend((unit.len() as u32).to_be_bytes());
                        self.sample.extend(unit);
                    }
                    None => {}
                }
            }
        }
        if self.sample.is_empty() {
            return Err(WriteError::encode("the H.264 encoder left out a frame"));
        }
        // Every keyframe repeats its parameters; the container wants them where they change.
        let parameters = sps.zip(pps).map(|(sps, pps)| parameters(self.padded, sps, pps));
        self.file.write_all(&self.sample)?;
        let sample = Sample {
            track_kind: TrackKind::Video,
            sample_entry: parameters,
            keyframe,
            timescale: NonZeroU32::new(TIMESCALE).expect("a constant above zero"),
            duration: self.duration,
            composition_time_offset: None,
            data_offset: self.position,
            data_size: self.sample.len(),
        };
        self.muxer.append_sample(&sample).map_err(WriteError::encode)?;
        self.position += self.sample.len() as u64;
        Ok(())
    }

    /// Writes the table of frames, which is known only now.
    pub(super) fn finish(mut self) -> Result<File, WriteError> {
        let boxes = self.muxer.finalize().map_err(WriteError::encode)?;
        for (offset, bytes) in boxes.offset_and_bytes_pairs() {
            self.file.seek(SeekFrom::Start(offset))?;
            self.file.write_all(bytes)?;
        }
        self.file.into_inner().map_err(|error| error.into_error().into())
    }
}

/// Colours are kept at half the resolution, so a side is even; and the encoder takes none below 16.
fn padded_side(side: usize) -> usize {
    side.next_multiple_of(2).max(16)
}

fn encoder(frames_per_second: f64) -> Result<Encoder, WriteError> {
    let config = EncoderConfig::new()
        .profile(Profile::Baseline)
        .max_frame_rate(FrameRate::from_hz(frames_per_second as f32))
        // Constant quality for every block: no rate has to be kept, and no frame may be dropped.
        // This is the mode that heeds the range of the quantiser without either.
        .rate_control_mode(RateControlMode::Bufferbased)
        .qp(QpRange::new(QUANTISER, QUANTISER))
        .adaptive_quantization(false)
        .background_detection(false)
        .skip_frames(false)
        .intra_frame_period(IntraFramePeriod::from_num_frames(FRAMES_BETWEEN_KEYFRAMES))
        // What the conversion from RGB computes; without it players guess by the picture's size.
        .vui(VuiConfig::bt601())
        .num_threads(1);
    Encoder::with_api_config(OpenH264API::from_source(), config).map_err(WriteError::encode)
}

/// Copies a frame into a larger one and repeats the last column and row to fill it.
fn pad(from: &[u8], (width, height): (usize, usize), to: &mut [u8], padded: (usize, usize)) {
    for (y, row) in to.chunks_exact_mut(padded.0 * 3).enumerate() {
        let source = &from[y.min(height - 1) * width * 3..][..width * 3];
        row[..width * 3].copy_from_slice(source);
        for pixel in row[width * 3..].chunks_exact_mut(3) {
            pixel.copy_from_slice(&source[(width - 1) * 3..]);
        }
    }
}

fn without_start_code(unit: &[u8]) -> &[u8] {
    let zeros = unit.iter().take_while(|&&byte| byte == 0).count();
    &unit[(zeros + 1).min(unit.len())..]
}

/// How a player is to decode the frames (ISO/IEC 14496-15, AVCDecoderConfigurationRecord).
fn parameters((width, height): (usize, usize), sps: Vec<u8>, pps: Vec<u8>) -> SampleEntry {
    SampleEntry::Avc1(Avc1Box {
        visual: VisualSampleEntryFields {
            data_reference_index: VisualSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
            // At most 3840, by the range that `Video` takes.
            width: width as u16,
            height: height as u16,
            horizresolution: VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION,
            vertresolution: VisualSampleEntryFields::DEFAULT_VERTRESOLUTION,
            frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
            compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
            depth: VisualSampleEntryFields::DEFAULT_DEPTH,
        },
        avcc_box: AvccBox {
            avc_profile_indication: sps[1],
            profile_compatibility: sps[2],
            avc_level_indication: sps[3],
            length_size_minus_one: Uint::new(3),
            sps_list: vec![sps],
            pps_list: vec![pps],
            // Only for profiles above the main one.
            chroma_format: None,
            bit_depth_luma_minus8: None,
            bit_depth_chroma_minus8: None,
            sps_ext_list: Vec::new(),
        },
        unknown_boxes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use openh264::decoder::Decoder;
    use openh264::formats::YUVSource;
    use shiguredo_mp4::demux::{Input, Mp4FileDemuxer};

    use super::super::Video;
    use super::*;

    /// A gradient with a square that moves by two pixels per frame.
    fn picture(index: usize, width: usize, height: usize) -> Vec<u8> {
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let inside = (2 * index..2 * index + 12).contains(&x) && (10..22).contains(&y);
                let shade = [(x * 255 / width) as u8, (y * 255 / height) as u8, 90];
                rgb.extend(if inside { [220, 40, 30] } else { shade });
            }
        }
        rgb
    }

    struct Film {
        width: usize,
        height: usize,
        seconds: f64,
        keyframes: usize,
        frames: Vec<Vec<u8>>,
    }

    /// Reads a film with a reader of the container and a decoder of the frames.
    fn read(path: &Path) -> Film {
        let data = std::fs::read(path).unwrap();
        let mut demuxer = Mp4FileDemuxer::new();
        while let Some(required) = demuxer.required_input() {
            let start = required.position as usize;
            let end = required.size.map_or(data.len(), |size| start + size);
            demuxer.handle_input(Input { position: required.position, data: &data[start..end] });
        }
        let tracks = demuxer.tracks().unwrap().to_vec();
        assert_eq!(tracks.len(), 1);
        let seconds = tracks[0].duration as f64 / f64::from(tracks[0].timescale.get());
        let mut decoder = Decoder::new().unwrap();
        let mut film = Film { width: 0, height: 0, seconds, keyframes: 0, frames: Vec::new() };
        let mut stream = Vec::new();
        while let Some(sample) = demuxer.next_sample().unwrap() {
            stream.clear();
            if let Some(SampleEntry::Avc1(entry)) = sample.sample_entry {
                (film.width, film.height) = (entry.visual.width.into(), entry.visual.height.into());
                for unit in entry.avcc_box.sps_list.iter().chain(&entry.avcc_box.pps_list) {
                    stream.extend([0, 0, 0, 1]);
                    stream.extend(unit);
                }
            }
            film.keyframes += usize::from(sample.keyframe);
            let mut rest = &data[sample.data_offset as usize..][..sample.data_size];
            while let Some((length, after)) = rest.split_first_chunk() {
                let (unit, next) = after.split_at(u32::from_be_bytes(*length) as usize);
                stream.extend([0, 0, 0, 1]);
                stream.extend(unit);
                rest = next;
            }
            let yuv = decoder.decode(&stream).unwrap().expect("one frame for one sample");
            let (width, height) = yuv.dimensions();
            let mut rgb = vec![0; width * height * 3];
            yuv.write_rgb8(&mut rgb);
            film.frames.push(rgb);
        }
        film
    }

    fn mean_error(a: &[u8], b: &[u8]) -> f64 {
        let sum: u64 = a.iter().zip(b).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
        sum as f64 / a.len() as f64
    }

    #[test]
    fn a_film_reads_back_frame_by_frame() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        let mut video = Video::create(&path, 84, 84, 12.5).unwrap();
        for index in 0..60 {
            video.frame(&picture(index % 30, 84, 84)).unwrap();
        }
        video.finish().unwrap();
        let film = read(&path);
        assert_eq!((film.width, film.height), (84, 84));
        assert_eq!(film.frames.len(), 60);
        assert_eq!(film.keyframes, 2);
        assert!((film.seconds - 60.0 / 12.5).abs() < 1e-9, "{}", film.seconds);
        for (index, frame) in film.frames.iter().enumerate() {
            let error = mean_error(frame, &picture(index % 30, 84, 84));
            assert!(error < 3.0, "frame {index}: {error}");
            let neighbour = mean_error(frame, &picture((index + 1) % 30, 84, 84));
            assert!(error < neighbour, "frame {index} is not the next one");
        }
    }

    #[test]
    fn odd_and_small_sizes_are_padded() {
        let folder = tempfile::tempdir().unwrap();
        for (width, height, padded) in [(1, 1, (16, 16)), (17, 20, (18, 20)), (84, 63, (84, 64))] {
            let path = folder.path().join(format!("{width}x{height}.mp4"));
            let mut video = Video::create(&path, width, height, 25.0).unwrap();
            video.frame(&[200; 3].repeat(width * height)).unwrap();
            video.finish().unwrap();
            let film = read(&path);
            assert_eq!((film.width, film.height), padded);
            assert!(mean_error(&film.frames[0], &[200; 3].repeat(padded.0 * padded.1)) < 4.0);
        }
    }

    #[test]
    fn padding_repeats_the_edge() {
        let mut to = [0; 4 * 2 * 3];
        pad(&[1, 1, 1, 2, 2, 2, 3, 3, 3], (3, 1), &mut to, (4, 2));
        let row = [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3];
        assert_eq!(to[..12], row);
        assert_eq!(to[12..], row);
    }
}
