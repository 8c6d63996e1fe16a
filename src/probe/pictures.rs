//! Pictures of what an encoder sees.

use tch::{Kind, Tensor};

use super::View;
use super::observations::{Observation, Sight};
use super::retrieval::nearest;
use super::spectrum::Plane;
use crate::agent::Agent;
use crate::picture::Sheet;

/// Neighbours of each observation.
const NEIGHBOURS: usize = 5;
/// Height and width of a scatter plot, and the white margin around its points.
const SCATTER: usize = 640;
const MARGIN: usize = 24;
const DOT: isize = 4;
/// Width of the bar that shows the colours from the least number to the greatest.
const BAR: usize = 12;
/// Dark blue, teal, yellow: as light as they are great, also to those who see no colours.
const COLOURS: [[f64; 3]; 3] = [[68.0, 1.0, 84.0], [33.0, 145.0, 140.0], [253.0, 231.0, 37.0]];

/// Each of some observations, and in its row the nearest ones of other episodes, by rows of vectors (N, D).
pub fn neighbours(
    sight: Sight<'_>,
    observations: &[Observation],
    vectors: &Tensor,
    shown: &[usize],
) -> Sheet {
    let episodes: Vec<usize> = observations.iter().map(|one| one.episode).collect();
    let mut sheet = Sheet::new(sight.sizes().frame + 2, 1 + NEIGHBOURS);
    for &query in shown {
        let found = nearest(vectors, query, &episodes, NEIGHBOURS);
        for index in [query].into_iter().chain(found) {
            sheet.push(&framed(&sight.newest(&observations[index]), sight.sizes().frame));
        }
    }
    sheet
}

/// Observations as the encoder sees them, and below each the same in grey under the mean absolute activation of
/// the last convolution, in colours from the image's least to its greatest.
pub fn saliency(sight: Sight<'_>, agent: &Agent, map_side: i64, shown: &[&Observation]) -> Sheet {
    let views = vec![View::Centre; shown.len()];
    let features = agent.features(&agent.prepare(&sight.images(shown, &views)));
    let maps = features.reshape([shown.len() as i64, -1, map_side, map_side]);
    let heat = upsampled(&maps, sight.sizes().image as i64);
    let frames: Vec<Vec<u8>> = shown.iter().map(|one| sight.newest_image(one)).collect();
    let mut sheet = Sheet::new(sight.sizes().image + 2, shown.len());
    frames.iter().for_each(|frame| sheet.push(&framed(frame, sight.sizes().image)));
    for (frame, heat) in frames.iter().zip(&heat) {
        let pixels = frame.chunks_exact(3).zip(heat);
        let covered: Vec<u8> = pixels.flat_map(|(pixel, &heat)| under(pixel, heat)).collect();
        sheet.push(&framed(&covered, sight.sizes().image));
    }
    sheet
}

/// A square picture within white lines, which tell it from its neighbours: two pixels more a side.
fn framed(rgb: &[u8], side: usize) -> Vec<u8> {
    let line = vec![255; (side + 2) * 3];
    let rows = rgb.chunks_exact(side * 3).flat_map(|row| [&[255; 3], row, &[255; 3]].concat());
    line.iter().copied().chain(rows).chain(line.iter().copied()).collect()
}

/// A pixel in grey, half covered by the colour of a share.
fn under(pixel: &[u8], share: f64) -> [u8; 3] {
    let grey = pixel.iter().map(|&byte| f64::from(byte)).sum::<f64>() / pixel.len() as f64;
    colour(share).map(|byte| ((grey + f64::from(byte)) / 2.0).round() as u8)
}

/// Maps (B, F, h, w) -> for each image the mean of their sizes, at `side` x `side` pixels, from its least (0)
/// to its greatest (1).
fn upsampled(maps: &Tensor, side: i64) -> Vec<Vec<f64>> {
    let mean = maps.to_kind(Kind::Double).abs().mean_dim(1, true, Kind::Double);
    let least = mean.amin([1, 2, 3], true);
    let range = (mean.amax([1, 2, 3], true) - &least).clamp_min(f64::MIN_POSITIVE);
    let large = ((mean - least) / range).upsample_bilinear2d([side, side], false, None, None);
    let rows = large.flatten(1, -1).to_device(tch::Device::Cpu).contiguous();
    Vec::try_from(rows).expect("a matrix of float64")
}

/// Points of a plane, each with the colour of its number, and the colours from the least to the greatest
/// at the right edge, upwards. Returns a square picture of [`SCATTER`] pixels a side, RGB.
pub fn scatter(plane: &Plane, numbers: &[f64]) -> (usize, Vec<u8>) {
    let mut canvas = vec![255; SCATTER * SCATTER * 3];
    let [across, up] = [0, 1].map(|axis| scale(plane.places.iter().map(move |place| place[axis])));
    let of_number = scale(numbers.iter().copied());
    let room = (SCATTER - 2 * MARGIN - 1) as f64;
    let place = |share: f64| MARGIN as isize + (share * room).round() as isize;
    for (point, &number) in plane.places.iter().zip(numbers) {
        let (x, y) = (place(across(point[0])), place(1.0 - up(point[1])));
        dot(&mut canvas, x, y, colour(of_number(number)));
    }
    for y in MARGIN..SCATTER - MARGIN {
        let bar = colour(1.0 - (y - MARGIN) as f64 / room);
        (SCATTER - BAR..SCATTER).for_each(|x| set(&mut canvas, x, y, bar));
    }
    (SCATTER, canvas)
}

/// Where a number lies between the least and the greatest of all, in [0, 1].
fn scale(numbers: impl Iterator<Item = f64> + Clone) -> impl Fn(f64) -> f64 {
    let least = numbers.clone().fold(f64::INFINITY, f64::min);
    let range = numbers.fold(f64::NEG_INFINITY, f64::max) - least;
    move |number| if range > 0.0 { ((number - least) / range).clamp(0.0, 1.0) } else { 0.5 }
}

fn colour(share: f64) -> [u8; 3] {
    let at = share * (COLOURS.len() - 1) as f64;
    let lower = (at as usize).min(COLOURS.len() - 2);
    let (from, to) = (COLOURS[lower], COLOURS[lower + 1]);
    let part = at - lower as f64;
    [0, 1, 2].map(|channel| (from[channel] + part * (to[channel] - from[channel])).round() as u8)
}

/// A disc, as much of it as lies on the canvas.
fn dot(canvas: &mut [u8], x: isize, y: isize, colour: [u8; 3]) {
    for (dx, dy) in (-DOT..=DOT).flat_map(|dx| (-DOT..=DOT).map(move |dy| (dx, dy))) {
        if dx * dx + dy * dy <= DOT * DOT {
            set(canvas, (x + dx) as usize, (y + dy) as usize, colour);
        }
    }
}

fn set(canvas: &mut [u8], x: usize, y: usize, colour: [u8; 3]) {
    canvas[(y * SCATTER + x) * 3..][..3].copy_from_slice(&colour);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_number_is_dark_and_lies_where_its_place_is() {
        let places = vec![[-1.0, 5.0], [3.0, 9.0]];
        let plane = Plane { places, explained: [1.0, 0.0] };
        let (side, canvas) = scatter(&plane, &[0.0, 2.0]);
        let pixel = |x: usize, y: usize| canvas[(y * side + x) * 3..][..3].to_vec();
        let (first, last) = (MARGIN, SCATTER - MARGIN - 1);
        assert_eq!(pixel(first, last), [68, 1, 84], "the lower left");
        assert_eq!(pixel(last, first), [253, 231, 37], "the upper right");
        assert_eq!(pixel(first, first), [255; 3]);
        assert_eq!(pixel(SCATTER - 1, last), [68, 1, 84]);
        assert_eq!(pixel(SCATTER - 1, first), [253, 231, 37]);
    }

    #[test]
    fn a_picture_is_framed_in_white() {
        let row = |middle: u8| [[255; 3], [middle; 3], [255; 3]].concat();
        assert_eq!(framed(&[7; 3], 1), [row(255), row(7), row(255)].concat());
    }

    #[test]
    fn one_point_lies_in_the_middle() {
        let plane = Plane { places: vec![[7.0, 7.0]; 3], explained: [0.0; 2] };
        let (side, canvas) = scatter(&plane, &[4.0; 3]);
        let middle = side / 2;
        assert_eq!(canvas[(middle * side + middle) * 3..][..3], [33, 145, 140]);
    }

    #[test]
    fn activations_are_means_of_sizes_between_the_least_and_the_greatest() {
        let maps =
            Tensor::from_slice(&[1.0, 2.0, 2.0, 1.0, -5.0, 2.0, 0.0, 1.0f64]).view([1, 2, 2, 2]);
        assert_eq!(upsampled(&maps, 2), [[1.0, 0.5, 0.0, 0.0]]);
        assert_eq!(upsampled(&(maps * 0.0), 1), [[0.0]]);
        assert_eq!(under(&[20, 30, 40], 1.0), [142, 131, 34]);
    }
}
