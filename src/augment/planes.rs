//! Images as numbers, one plane a channel: what arithmetic on many pixels at once wants.

use super::ImageShape;

/// Writes the channels of an image as planes, one after the other, each with a border of so many pixels
/// that repeats the nearest pixel of the image: (k c, side + 2 border, side + 2 border).
pub(super) fn spread(image: &[u8], shape: ImageShape, border: usize, planes: &mut Vec<f32>) {
    let (pixel, side) = (shape.pixel_bytes(), shape.side + 2 * border);
    let nearest = |padded: usize| padded.saturating_sub(border).min(shape.side - 1);
    planes.resize(pixel * side * side, 0.0);
    for (channel, plane) in planes.chunks_exact_mut(side * side).enumerate() {
        for (y, row) in plane.chunks_exact_mut(side).enumerate() {
            let source = &image[nearest(y) * shape.row_bytes()..][..shape.row_bytes()];
            let inner = &mut row[border..border + shape.side];
            for (value, colours) in inner.iter_mut().zip(source.chunks_exact(pixel)) {
                *value = f32::from(colours[channel]);
            }
            let (first, last) = (row[border], row[side - 1 - border]);
            row[..border].fill(first);
            row[side - border..].fill(last);
        }
    }
}

/// Writes planes without a border back as bytes: each number times a scale plus an offset, rounded and cut to
/// what a byte holds.
pub(super) fn gather(planes: &[f32], scale: f32, offset: f32, shape: ImageShape, image: &mut [u8]) {
    let pixel = shape.pixel_bytes();
    let offset = offset + 0.5;
    for (channel, plane) in planes.chunks_exact(shape.side * shape.side).enumerate() {
        for (value, colours) in plane.iter().zip(image.chunks_exact_mut(pixel)) {
            // The conversion cuts to 0..=255 and drops the fraction.
            colours[channel] = (value * scale + offset) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { side: 2, channels: 1, frames: 2 };
    const IMAGE: [u8; 8] = [1, 5, 2, 6, 3, 7, 4, 8];

    #[test]
    fn a_border_repeats_the_nearest_pixel() {
        let mut planes = vec![9.0; 100];
        spread(&IMAGE, SHAPE, 1, &mut planes);
        let older: [f32; 16] = [1., 1., 2., 2., 1., 1., 2., 2., 3., 3., 4., 4., 3., 3., 4., 4.];
        assert_eq!(planes[..16], older);
        assert_eq!(planes[16..], older.map(|value| value + 4.0));
    }

    #[test]
    fn planes_become_the_image_again() {
        let mut planes = Vec::new();
        spread(&IMAGE, SHAPE, 0, &mut planes);
        assert_eq!(planes, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        let mut image = [0; 8];
        gather(&planes, 1.0, 0.0, SHAPE, &mut image);
        assert_eq!(image, IMAGE);
        gather(&planes, 100.0, -250.4, SHAPE, &mut image);
        assert_eq!(image, [0, 250, 0, 255, 50, 255, 150, 255]);
    }
}
