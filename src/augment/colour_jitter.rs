//! Colour jitter: brightness, contrast, saturation and hue of an image change by random factors (RAD).
//!
//! As in RAD's code: contrast is a factor on the distance from the mean of each channel of each frame;
//! brightness and saturation are factors on V and S of HSV, hue an angle added to H; all of them are always
//! applied, and an even chance decides whether contrast comes before the others or after them. Each result is
//! cut to what a pixel can hold, and only the last is rounded to bytes. There the order of contrast is drawn
//! once a batch, here for each image.
//!
//! RAD's code multiplies its range of hue, 0.5, by 255 / 360, so that hues turn by up to 0.354 of a full
//! turn, 127.5 degrees. That is kept: it is part of what the published numbers measured.
//!
//! RAD has no grey frames. Here they are treated like a grey picture in three channels, which has no hue and
//! no saturation: contrast and brightness change. The same numbers are drawn.

use curl_envs::FRAME_CHANNELS;
use rand::{Rng, RngExt};

use super::hsv::{hsv_of_rgb, larger, rgb_of_hsv, smaller};
use super::planes::{gather, spread};
use super::{ImageShape, Scratch};

/// The value of a white pixel.
const WHITE: f32 = 255.0;

/// How far a jitter goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranges {
    /// The factor is uniform within 1 +- this.
    pub brightness: f32,
    /// The factor is uniform within 1 +- this.
    pub contrast: f32,
    /// The factor is uniform within 1 +- this.
    pub saturation: f32,
    /// The angle is uniform within +- this, in full turns.
    pub hue: f32,
}

/// RAD's 0.4, 0.4, 0.4 and 0.5.
pub const RAD: Ranges =
    Ranges { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.5 * 255.0 / 360.0 };

/// Whether contrast changes before or after the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    ContrastFirst,
    ContrastLast,
}

/// What is done to one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    /// A factor of at least 0.
    pub brightness: f32,
    /// A factor of at least 0.
    pub contrast: f32,
    /// A factor of at least 0.
    pub saturation: f32,
    /// In full turns.
    pub hue: f32,
    pub order: Order,
}

/// A random jitter.
pub fn random_jitter(ranges: &Ranges, rng: &mut impl Rng) -> Jitter {
    let mut factor = |range: f32| rng.random_range((1.0 - range).max(0.0)..=1.0 + range);
    Jitter {
        brightness: factor(ranges.brightness),
        contrast: factor(ranges.contrast),
        saturation: factor(ranges.saturation),
        hue: rng.random_range(-ranges.hue..=ranges.hue),
        order: if rng.random_bool(0.5) { Order::ContrastFirst } else { Order::ContrastLast },
    }
}

/// Changes the colours of all frames of an image.
pub fn colour_jitter(image: &mut [u8], shape: ImageShape, jitter: &Jitter, scratch: &mut Scratch) {
    let planes = &mut scratch.planes;
    spread(image, shape, 0, planes);
    match jitter.order {
        Order::ContrastFirst => {
            adjust_contrast(planes, shape, jitter.contrast);
            adjust_colours(planes, shape, jitter);
        }
        Order::ContrastLast => {
            adjust_colours(planes, shape, jitter);
            adjust_contrast(planes, shape, jitter.contrast);
        }
    }
    gather(planes, 1.0, 0.0, shape, image);
}

fn adjust_contrast(planes: &mut [f32], shape: ImageShape, factor: f32) {
    for plane in planes.chunks_exact_mut(shape.side * shape.side) {
        let mean = mean(plane);
        plane.iter_mut().for_each(|value| *value = within((*value - mean) * factor + mean));
    }
}

/// In several sums at once, which is faster than one after the other, and more exact.
fn mean(plane: &[f32]) -> f32 {
    const SUMS: usize = 16;
    let (groups, rest) = plane.as_chunks::<SUMS>();
    let mut sums = [0.0; SUMS];
    for group in groups {
        sums.iter_mut().zip(group).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().chain(rest).sum::<f32>() / plane.len() as f32
}

/// Brightness, saturation and hue.
fn adjust_colours(planes: &mut [f32], shape: ImageShape, jitter: &Jitter) {
    if shape.channels != FRAME_CHANNELS {
        planes.iter_mut().for_each(|value| *value = within(*value * jitter.brightness));
        return;
    }
    let plane = shape.side * shape.side;
    let turn = jitter.hue.rem_euclid(1.0);
    for frame in planes.chunks_exact_mut(FRAME_CHANNELS * plane) {
        let (red, rest) = frame.split_at_mut(plane);
        let (green, blue) = rest.split_at_mut(plane);
        for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
            let [hue, saturation, value] = hsv_of_rgb([*red, *green, *blue]);
            let hue = hue + turn;
            let hsv = [
                if hue >= 1.0 { hue - 1.0 } else { hue },
                smaller(saturation * jitter.saturation, 1.0),
                smaller(value * jitter.brightness, WHITE),
            ];
            [*red, *green, *blue] = rgb_of_hsv(hsv);
        }
    }
}

fn within(value: f32) -> f32 {
    larger(smaller(value, WHITE), 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};
    use crate::statistics::mean_and_std;

    const SHAPE: ImageShape = ImageShape { side: 2, channels: 3, frames: 1 };
    const NEUTRAL: Jitter = Jitter {
        brightness: 1.0,
        contrast: 1.0,
        saturation: 1.0,
        hue: 0.0,
        order: Order::ContrastFirst,
    };

    fn jittered(image: &[u8], shape: ImageShape, jitter: &Jitter) -> Vec<u8> {
        let mut image = image.to_vec();
        colour_jitter(&mut image, shape, jitter, &mut Scratch::default());
        image
    }

    #[test]
    fn zero_ranges_draw_what_leaves_every_image_as_it_is() {
        let none = Ranges { brightness: 0.0, contrast: 0.0, saturation: 0.0, hue: 0.0 };
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let shape = ImageShape { side: 9, channels: 3, frames: 2 };
        let image: Vec<u8> = (0..9 * 9 * 6).map(|i| (i * i % 256) as u8).collect();
        for _ in 0..4 {
            let jitter = random_jitter(&none, &mut stream);
            assert_eq!(Jitter { order: NEUTRAL.order, ..jitter }, NEUTRAL);
            assert_eq!(jittered(&image, shape, &jitter), image);
        }
    }

    #[test]
    fn each_change_is_as_computed_by_hand() {
        let colours = [200, 120, 40, 0, 0, 0, 255, 255, 255, 40, 80, 40];
        let brighter = Jitter { brightness: 1.4, ..NEUTRAL };
        // 200 becomes 255 and not 280: the whole colour is brighter by 1.275.
        assert_eq!(
            jittered(&colours, SHAPE, &brighter),
            [255, 153, 51, 0, 0, 0, 255, 255, 255, 56, 112, 56]
        );
        let paler = Jitter { saturation: 0.5, ..NEUTRAL };
        assert_eq!(
            jittered(&colours, SHAPE, &paler),
            [200, 160, 120, 0, 0, 0, 255, 255, 255, 60, 80, 60]
        );
        let third = Jitter { hue: 1.0 / 3.0, ..NEUTRAL };
        assert_eq!(
            jittered(&colours, SHAPE, &third),
            [40, 200, 120, 0, 0, 0, 255, 255, 255, 40, 40, 80]
        );
        let back = Jitter { hue: -1.0 / 3.0, ..NEUTRAL };
        assert_eq!(jittered(&jittered(&colours, SHAPE, &third), SHAPE, &back), colours);
    }

    #[test]
    fn contrast_is_about_the_mean_of_each_channel_of_each_frame() {
        let shape = ImageShape { side: 2, channels: 3, frames: 2 };
        // Red of the older frame has mean 50, green 100, blue 200; the newer frame is 10.
        let pixel = |red, green, blue| [red, green, blue, 10, 10, 10];
        let image =
            [pixel(0, 60, 255), pixel(100, 140, 145), pixel(40, 90, 200), pixel(60, 110, 200)];
        let flatter = Jitter { contrast: 0.6, ..NEUTRAL };
        let expected =
            [pixel(20, 76, 233), pixel(80, 124, 167), pixel(44, 94, 200), pixel(56, 106, 200)];
        assert_eq!(jittered(image.as_flattened(), shape, &flatter), expected.as_flattened());
        let stronger = Jitter { contrast: 2.0, ..NEUTRAL };
        let expected =
            [pixel(0, 20, 255), pixel(150, 180, 90), pixel(30, 80, 200), pixel(70, 120, 200)];
        assert_eq!(jittered(image.as_flattened(), shape, &stronger), expected.as_flattened());
    }

    #[test]
    fn the_order_matters_where_something_is_cut() {
        let image = [50, 150, 50, 150];
        let grey = ImageShape { side: 2, channels: 1, frames: 1 };
        // 75 and 125, then twice that.
        let first = Jitter { brightness: 2.0, contrast: 0.5, ..NEUTRAL };
        assert_eq!(jittered(&image, grey, &first), [150, 250, 150, 250]);
        // 100 and 255, then half as far from their mean of 177.5.
        let last = Jitter { order: Order::ContrastLast, ..first };
        assert_eq!(jittered(&image, grey, &last), [139, 216, 139, 216]);
    }

    #[test]
    fn grey_frames_change_as_a_grey_picture_in_three_channels() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let grey: Vec<u8> = (0..81).map(|i| (i * 3) as u8).collect();
        let colours: Vec<u8> = grey.iter().flat_map(|&value| [value; 3]).collect();
        let shape = |channels| ImageShape { side: 9, channels, frames: 1 };
        for _ in 0..20 {
            let jitter = random_jitter(&RAD, &mut stream);
            let of_grey = jittered(&grey, shape(1), &jitter);
            let of_grey: Vec<u8> = of_grey.into_iter().flat_map(|value| [value; 3]).collect();
            assert_eq!(jittered(&colours, shape(3), &jitter), of_grey);
        }
    }

    #[test]
    fn factors_are_uniform_in_their_ranges() {
        let mut stream = Streams::new(1).stream(Purpose::Batch, 0);
        let drawn: Vec<Jitter> = (0..10_000).map(|_| random_jitter(&RAD, &mut stream)).collect();
        let check = |value: fn(&Jitter) -> f32, centre: f64, range: f64| {
            let values: Vec<f64> = drawn.iter().map(|jitter| f64::from(value(jitter))).collect();
            assert!(values.iter().all(|value| (value - centre).abs() < range + 1e-6));
            let (mean, deviation) = mean_and_std(&values);
            assert!((mean - centre).abs() < 0.03 * range, "{mean}");
            assert!((deviation / range - 1.0 / 3.0_f64.sqrt()).abs() < 0.02, "{deviation}");
        };
        check(|jitter| jitter.brightness, 1.0, 0.4);
        check(|jitter| jitter.contrast, 1.0, 0.4);
        check(|jitter| jitter.saturation, 1.0, 0.4);
        check(|jitter| jitter.hue, 0.0, 127.5 / 360.0);
        let first = drawn.iter().filter(|jitter| jitter.order == Order::ContrastFirst).count();
        assert!((4850..5150).contains(&first), "{first}");
    }
}
