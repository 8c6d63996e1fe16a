//! A first convolution that sees motion from the start.
//!
//! Neighbouring frames of a stack are nearly the same, and so are their weights' shares in what an
//! orthogonal kernel makes of them: what moved is a small part of its output, which gradients have to
//! dig out first.

use tch::{Tensor, no_grad};

/// How much stronger the difference of two frames is seen than a frame.
const GAIN: f64 = 4.0;

/// Rewrites the kernel (filters, K c, 3, 3) of a convolution over stacks of K frames x_1 .. x_K of c
/// channels, oldest first. What it made of x_1 .. x_K it then makes of GAIN (x_2 - x_1) ..
/// GAIN (x_K - x_{K-1}) and x_K.
pub fn see_motion(kernel: &Tensor, frames: usize) {
    no_grad(|| {
        let parts = kernel.chunk(frames as i64, 1);
        let of_frame = |frame: usize| {
            let is_newest = frame + 1 == frames;
            let own = if is_newest { parts[frame].shallow_clone() } else { &parts[frame] * -GAIN };
            if frame == 0 { own } else { own + &parts[frame - 1] * GAIN }
        };
        let rewritten: Vec<Tensor> = (0..frames).map(of_frame).collect();
        kernel.shallow_clone().copy_(&Tensor::cat(&rewritten, 1));
    });
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::random::{self, Purpose, Streams};

    #[test]
    fn it_makes_of_frames_what_the_kernel_made_of_differences_and_the_newest() {
        let mut stream = Streams::new(1).stream(Purpose::Weights, 0);
        let mut random = |shape: &[i64]| random::normal(shape, Kind::Double, &mut stream);
        for (frames, channels) in [(1, 3), (3, 1), (4, 3)] {
            let stack = random(&[2, frames * channels, 7, 7]);
            let kernel = random(&[5, frames * channels, 3, 3]);
            let respond =
                |inputs: &Tensor| inputs.conv2d(&kernel, None::<Tensor>, [2, 2], [0, 0], [1, 1], 1);
            let of = stack.chunk(frames, 1);
            let moved = of.windows(2).map(|pair| GAIN * (&pair[1] - &pair[0]));
            let newest = of[of.len() - 1].shallow_clone();
            let expected = respond(&Tensor::cat(&moved.chain([newest]).collect::<Vec<_>>(), 1));
            see_motion(&kernel, frames as usize);
            let difference = (respond(&stack) - expected).abs().max().double_value(&[]);
            assert!(difference < 1e-12, "{frames} frames of {channels}: {difference}");
        }
    }
}
