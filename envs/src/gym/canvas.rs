//! Pictures of simple shapes, at any size.

use tiny_skia::{
    Color, FillRule, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Stroke, Transform,
};

use crate::env::FRAME_CHANNELS;

/// A white ground to draw on, 600 units wide and 400 high, as Gym's pictures of classic control
/// are. The origin is the lower left corner, and y points up. The picture's own size may be any: what
/// is drawn is scaled to it, edges smoothed.
#[derive(Debug)]
pub struct Canvas {
    pixels: Pixmap,
    transform: Transform,
    oversampling: usize,
}

/// Red, green and blue.
pub type Rgb = [u8; 3];

impl Canvas {
    pub const WIDTH: f64 = 600.0;
    pub const HEIGHT: f64 = 400.0;

    /// Drawn pixels per side of a picture's pixel, in pictures of the sizes that agents see.
    /// tiny-skia's own smoothing places edges to a quarter of a pixel. A cart that is watched in 84
    /// pixels moves by less than that.
    const OVERSAMPLING: usize = 4;
    /// Longest side of pictures that are drawn with more pixels than they have.
    const SMALL: usize = 300;

    pub(super) fn new(height: usize, width: usize) -> Self {
        let oversampling = if height.max(width) <= Self::SMALL { Self::OVERSAMPLING } else { 1 };
        let (drawn_height, drawn_width) = (height * oversampling, width * oversampling);
        let mut pixels = Pixmap::new(drawn_width as u32, drawn_height as u32)
            .expect("a picture that can be drawn has between 1 and 4096 pixels a side");
        pixels.fill(Color::WHITE);
        let x_scale = (drawn_width as f64 / Self::WIDTH) as f32;
        let y_scale = (drawn_height as f64 / Self::HEIGHT) as f32;
        let transform = Transform::from_row(x_scale, 0.0, 0.0, -y_scale, 0.0, drawn_height as f32);
        Self { pixels, transform, oversampling }
    }

    /// Fills a polygon, given by its corners `[x, y]`.
    pub fn polygon(&mut self, corners: &[[f64; 2]], color: Rgb) {
        if let Some(path) = path(corners, PathBuilder::close) {
            self.fill(&path, color);
        }
    }

    /// Fills a circle.
    pub fn circle(&mut self, [x, y]: [f64; 2], radius: f64, color: Rgb) {
        if let Some(path) = PathBuilder::from_circle(x as f32, y as f32, radius as f32) {
            self.fill(&path, color);
        }
    }

    /// Draws lines of one unit's width from point to point.
    pub fn line(&mut self, points: &[[f64; 2]], color: Rgb) {
        if let Some(path) = path(points, |_| ()) {
            let stroke = Stroke { width: 1.0, ..Stroke::default() };
            self.pixels.stroke_path(&path, &paint(color), &stroke, self.transform, None);
        }
    }

    fn fill(&mut self, path: &Path, color: Rgb) {
        self.pixels.fill_path(path, &paint(color), FillRule::Winding, self.transform, None);
    }

    /// Writes the picture: height x width x 3 bytes, RGB.
    pub(super) fn copy_to(&self, frame: &mut [u8]) {
        let side = self.oversampling;
        let drawn_width = self.pixels.width() as usize;
        let width = drawn_width / side;
        let drawn = self.pixels.pixels();
        for (at, rgb) in frame.chunks_exact_mut(FRAME_CHANNELS).enumerate() {
            let corner = at / width * side * drawn_width + at % width * side;
            let rows = (0..side).map(|row| corner + row * drawn_width);
            rgb.copy_from_slice(&mean(rows.flat_map(|start| &drawn[start..start + side])));
        }
    }
}

/// The path through these points; `None` where they are too few, or no numbers.
fn path(points: &[[f64; 2]], end: impl Fn(&mut PathBuilder)) -> Option<Path> {
    // tiny-skia would leave out what is no number, and join the rest.
    if !points.iter().flatten().all(|&number| (number as f32).is_finite()) {
        return None;
    }
    let mut builder = PathBuilder::new();
    let (&[x, y], rest) = points.split_first()?;
    builder.move_to(x as f32, y as f32);
    rest.iter().for_each(|&[x, y]| builder.line_to(x as f32, y as f32));
    end(&mut builder);
    builder.finish()
}

fn paint([red, green, blue]: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    paint
}

/// The mean colour, rounded to the nearest.
fn mean<'a>(pixels: impl Iterator<Item = &'a PremultipliedColorU8>) -> Rgb {
    let (mut sums, mut count) = ([0_u32; FRAME_CHANNELS], 0);
    for pixel in pixels {
        for (sum, value) in sums.iter_mut().zip([pixel.red(), pixel.green(), pixel.blue()]) {
            *sum += u32::from(value);
        }
        count += 1;
    }
    sums.map(|sum| ((sum + count / 2) / count) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Rgb = [0; 3];

    fn picture(height: usize, width: usize, draw: impl Fn(&mut Canvas)) -> Vec<u8> {
        let mut canvas = Canvas::new(height, width);
        draw(&mut canvas);
        let mut frame = vec![0; height * width * FRAME_CHANNELS];
        canvas.copy_to(&mut frame);
        frame
    }

    #[test]
    fn the_origin_is_the_lower_left_corner() {
        let quarter = [[0.0, 0.0], [300.0, 0.0], [300.0, 200.0], [0.0, 200.0]];
        let frame = picture(4, 6, |canvas| canvas.polygon(&quarter, [10, 20, 30]));
        for (at, rgb) in frame.chunks_exact(FRAME_CHANNELS).enumerate() {
            let inside = at / 6 >= 2 && at % 6 < 3;
            assert_eq!(rgb, if inside { [10, 20, 30] } else { [255; 3] }, "pixel {at}");
        }
    }

    #[test]
    fn edges_are_placed_to_a_sixteenth_of_a_pixel() {
        // 84 pixels to 600 units: the edge moves by a tenth of a pixel at a time.
        let edge = |pixels: f64| {
            let right = (40.0 + pixels) / 84.0 * Canvas::WIDTH;
            let corners = [[0.0, 0.0], [right, 0.0], [right, 400.0], [0.0, 400.0]];
            picture(84, 84, |canvas| canvas.polygon(&corners, BLACK))[40 * FRAME_CHANNELS]
        };
        for tenths in 0..=10 {
            let covered = f64::from(tenths) / 10.0;
            let grey = f64::from(edge(covered));
            assert!((grey - 255.0 * (1.0 - covered)).abs() <= 255.0 / 16.0, "{covered}: {grey}");
        }
    }

    #[test]
    fn a_line_is_as_dark_at_every_size_as_it_is_wide() {
        let line = [[0.0, 200.5], [600.0, 200.5]];
        for size in [30, 84, 100, 299, 300, 301, 400, 512] {
            let frame = picture(size, size, |canvas| canvas.line(&line, BLACK));
            let column = frame.chunks_exact(FRAME_CHANNELS).skip(size / 2).step_by(size);
            let ink: f64 = column.map(|rgb| 1.0 - f64::from(rgb[0]) / 255.0).sum();
            let wide = size as f64 / Canvas::HEIGHT;
            assert!((ink / wide - 1.0).abs() < 0.4, "{size}: {ink} for {wide}");
        }
    }

    #[test]
    fn shapes_without_extent_or_numbers_draw_nothing() {
        let white = picture(9, 9, |_| ());
        let frame = picture(9, 9, |canvas| {
            canvas.polygon(&[], BLACK);
            canvas.line(&[[1.0, 1.0]], BLACK);
            canvas.polygon(&[[f64::NAN; 2], [1.0, 2.0], [300.0, 3.0]], BLACK);
            canvas.circle([f64::INFINITY, 0.0], 5.0, BLACK);
        });
        assert_eq!(frame, white);
    }
}
