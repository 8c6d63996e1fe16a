//! What the passes that are ours take: batches of images, and the parameters of layers, as slices.

/// Slices of a layer's weight (out, in, 3, 3) and bias.
pub(super) type Layer<'a> = (&'a [f32], &'a [f32]);

/// A batch of images, channels last.
#[derive(Clone, Copy, Debug)]
pub(super) enum Images<'a> {
    /// Of 0 to 255.
    Bytes(&'a [u8]),
    /// Of 0 to 1.
    Floats(&'a [f32]),
}

impl Images<'_> {
    /// Numbers in all images.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }
}
