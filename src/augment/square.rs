//! Squares of the frames of a stack, laid into one image.

use curl_envs::FRAME_CHANNELS;

use super::Corner;

/// Where a square lies in a picture of so many pixels a side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) side: usize,
    pub(super) corner: Corner,
}

impl Place {
    /// At the top left corner.
    pub(super) fn first(side: usize) -> Self {
        Self { side, corner: Corner { y: 0, x: 0 } }
    }
}

/// Copies a square of `size` pixels a side from one place of every frame, oldest first, to one place of an
/// image. A frame has `channels` bytes a pixel, the image those of all frames.
pub(super) fn copy(
    stack: &[&[u8]],
    channels: usize,
    size: usize,
    from: Place,
    to: Place,
    image: &mut [u8],
) {
    match channels {
        FRAME_CHANNELS => copy_pixels::<FRAME_CHANNELS>(stack, size, from, to, image),
        1 => copy_pixels::<1>(stack, size, from, to, image),
        channels => unreachable!("a frame of {channels} channels"),
    }
}

/// With the length of a pixel known to the compiler.
fn copy_pixels<const PIXEL: usize>(
    stack: &[&[u8]],
    size: usize,
    from: Place,
    to: Place,
    image: &mut [u8],
) {
    let channels = PIXEL * stack.len();
    let rows = image.chunks_exact_mut(to.side * channels).skip(to.corner.y).take(size);
    for (row, y) in rows.zip(from.corner.y..) {
        let row = &mut row[to.corner.x * channels..][..size * channels];
        let start = (y * from.side + from.corner.x) * PIXEL;
        for (position, frame) in stack.iter().enumerate() {
            let source = &frame[start..start + size * PIXEL];
            let first = position * PIXEL;
            for (to, from) in row.chunks_exact_mut(channels).zip(source.chunks_exact(PIXEL)) {
                to[first..first + PIXEL].copy_from_slice(from);
            }
        }
    }
}
