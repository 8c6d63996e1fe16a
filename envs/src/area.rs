//! Pictures of another size: each pixel is the average over the area that it covers.

use crate::env::{FRAME_CHANNELS, Frame};

/// A picture to take pixels from: `pixels` is height x width x channels, row by row from the top, with
/// one channel (grey) or three (RGB).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) pixels: &'a [u8],
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

/// Draws a picture at the size of a frame, whose buffer fits its size.
///
/// # Panics
/// If the picture has neither one nor three channels, or its pixels are not as many as it says.
pub(crate) fn draw(picture: Picture<'_>, frame: Frame<'_>) {
    let Picture { pixels, height, width, channels } = picture;
    assert_eq!(pixels.len(), height * width * channels, "the buffer is one picture");
    match channels {
        FRAME_CHANNELS => average::<FRAME_CHANNELS>(picture, frame),
        1 => average::<1>(picture, frame),
        channels => panic!("a picture of {channels} channels"),
    }
}

/// A side of the picture is cut into picture side x frame side pieces: each pixel of the picture has as
/// many of them as the frame has pixels, and the other way round. So all sums are of whole numbers, which
/// are floating-point ones because these are added faster; they stay where they are exact.
fn average<const CHANNELS: usize>(picture: Picture<'_>, frame: Frame<'_>) {
    let row_len = picture.width * CHANNELS;
    let per_piece = 1.0 / (picture.height * picture.width) as f64;
    // At most height x 255 in each, which is below 2^24.
    let mut columns = vec![0_f32; row_len];
    for (y, row) in frame.pixels.chunks_exact_mut(frame.width * FRAME_CHANNELS).enumerate() {
        columns.fill(0.0);
        for (source_y, weight) in shares(y, picture.height, frame.height) {
            let (source, weight) = (&picture.pixels[source_y * row_len..], weight as f32);
            for (sum, &byte) in columns.iter_mut().zip(&source[..row_len]) {
                *sum += weight * f32::from(byte);
            }
        }
        for (x, pixel) in row.chunks_exact_mut(FRAME_CHANNELS).enumerate() {
            let mut sums = [0_f64; CHANNELS];
            for (source_x, weight) in shares(x, picture.width, frame.width) {
                let column = &columns[source_x * CHANNELS..][..CHANNELS];
                for (sum, &column) in sums.iter_mut().zip(column) {
                    *sum += weight as f64 * f64::from(column);
                }
            }
            for (channel, byte) in pixel.iter_mut().enumerate() {
                let sum = sums[channel.min(CHANNELS - 1)];
                *byte = (sum * per_piece + 0.5) as u8;
            }
        }
    }
}

/// The pixels of a side of `from` pixels that lie below pixel `at` of one of `to` pixels, and how many
/// of its `from` pieces each has.
fn shares(at: usize, from: usize, to: usize) -> impl Iterator<Item = (usize, usize)> {
    let (start, end) = (at * from, (at + 1) * from);
    (start / to..end.div_ceil(to))
        .map(move |pixel| (pixel, end.min((pixel + 1) * to) - start.max(pixel * to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn noise(len: usize, rng: &mut impl Rng) -> Vec<u8> {
        (0..len).map(|_| rng.random()).collect()
    }

    fn drawn(picture: Picture<'_>, height: usize, width: usize) -> Vec<u8> {
        let mut pixels = vec![7; height * width * FRAME_CHANNELS];
        draw(picture, Frame { pixels: &mut pixels, height, width });
        pixels
    }

    /// The average as the integral over the area, in floating point.
    fn integral(picture: Picture<'_>, at: [usize; 3], height: usize, width: usize) -> f64 {
        let [y, x, channel] = at;
        let (rows, columns) =
            (picture.height as f64 / height as f64, picture.width as f64 / width as f64);
        let overlap = |pixel: usize, at: usize, step: f64| {
            let (start, end) = (at as f64 * step, (at + 1) as f64 * step);
            (end.min(pixel as f64 + 1.0) - start.max(pixel as f64)).max(0.0) / step
        };
        let mut sum = 0.0;
        for (i, row) in picture.pixels.chunks_exact(picture.width * picture.channels).enumerate() {
            for (j, pixel) in row.chunks_exact(picture.channels).enumerate() {
                let value = f64::from(pixel[channel.min(picture.channels - 1)]);
                sum += overlap(i, y, rows) * overlap(j, x, columns) * value;
            }
        }
        sum
    }

    #[test]
    fn every_pixel_is_the_average_of_its_area() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        for ((height, width), (to_height, to_width)) in [
            ((21, 16), (8, 8)),
            ((6, 9), (3, 3)),
            ((5, 4), (11, 13)),
            ((7, 7), (7, 5)),
            ((1, 1), (3, 2)),
        ] {
            for channels in [1, 3] {
                let pixels = noise(height * width * channels, rng);
                let picture = Picture { pixels: &pixels, height, width, channels };
                let got = drawn(picture, to_height, to_width);
                for (at, byte) in got.into_iter().enumerate() {
                    let (pixel, channel) = (at / FRAME_CHANNELS, at % FRAME_CHANNELS);
                    let place = [pixel / to_width, pixel % to_width, channel];
                    let expected = integral(picture, place, to_height, to_width);
                    assert!((f64::from(byte) - expected).abs() <= 0.5 + 1e-9, "{place:?}");
                }
            }
        }
    }

    #[test]
    fn equal_sizes_and_even_surfaces_stay_as_they_are() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let pixels = noise(4 * 5 * 3, rng);
        let picture = Picture { pixels: &pixels, height: 4, width: 5, channels: 3 };
        assert_eq!(drawn(picture, 4, 5), pixels);
        for value in [0, 1, 127, 255] {
            let pixels = vec![value; 210 * 160];
            let picture = Picture { pixels: &pixels, height: 210, width: 160, channels: 1 };
            assert!(drawn(picture, 84, 84).into_iter().all(|byte| byte == value));
        }
    }

    #[test]
    fn the_longest_sides_do_not_overflow() {
        let side = Frame::MAX_SIDE;
        let pixels = vec![255; side * side];
        let picture = Picture { pixels: &pixels, height: side, width: side, channels: 1 };
        assert!(drawn(picture, 1, 1).into_iter().all(|byte| byte == 255));
        let one = Picture { pixels: &[255], height: 1, width: 1, channels: 1 };
        assert!(drawn(one, 2, side).into_iter().all(|byte| byte == 255));
    }
}
