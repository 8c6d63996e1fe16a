//! Augmentations in a row: from the frames of a stack to an image.

use rand::Rng;
use thiserror::Error;

use super::colour_jitter::{self, Jitter, colour_jitter};
use super::cutout::{self, Hole, cutout};
use super::flip::{self, flip};
use super::gaussian::{Noise, gaussian};
use super::greyscale::{self, greyscale};
use super::random_convolution::{Filter, random_convolution};
use super::rotate::{self, Turn, rotate};
use super::shift::{self, shift};
use super::translate::Translate;
use super::{Augmentation, Corner, Crop, ImageShape, Scratch};

/// What a pipeline leads from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Height and width of a frame.
    pub frame: usize,
    /// Height and width of an image.
    pub image: usize,
    /// Channels of a frame, 3 or 1.
    pub channels: usize,
}

impl Sizes {
    /// Bytes of a frame.
    pub fn frame_bytes(&self) -> usize {
        self.frame * self.frame * self.channels
    }
}

/// Why augmentations are no pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum PipelineError {
    #[error("frames of {frame} and images of {image} pixels: expected at least 1 each")]
    NoPixels { frame: usize, image: usize },
    #[error("frames of {got} channels: expected 3 (colours) or 1 (grey)")]
    Channels { got: usize },
    #[error(
        "crop takes images from frames that are larger, but frames have {frame} pixels and images {image}: \
         make frames larger (CURL has 100 for 84) or images smaller, or leave crop out and make both equal"
    )]
    NoRoomToCrop { frame: usize, image: usize },
    #[error(
        "translate puts frames into images that are larger, but frames have {frame} pixels and images \
         {image}: make images larger (RAD has 108 for 100) or frames smaller, or leave translate out and \
         make both equal"
    )]
    NoRoomToTranslate { frame: usize, image: usize },
    #[error(
        "nothing leads from frames of {frame} pixels to images of {image}: make both equal, or put {remedy} \
         first"
    )]
    SizesDiffer { frame: usize, image: usize, remedy: Augmentation },
    #[error("{got} comes twice, but sizes change once: leave one of them out")]
    Twice { got: Augmentation },
    #[error("{first} and {second} both change the size: leave one of them out")]
    TwoSizes { first: Augmentation, second: Augmentation },
    #[error(
        "{got} is number {place} of the augmentations, but what changes the size is done while frames are \
         copied: put {got} first"
    )]
    NotFirst { got: Augmentation, place: usize },
    #[error("gaussian noise with a deviation of {got}: expected a finite number of at least 0")]
    Sigma { got: f64 },
}

/// Augmentations whose sizes fit each other, done one after the other.
///
/// The first may change the size: a crop or a translation. The others keep it. No augmentation at all is the
/// frames as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    sizes: Sizes,
    entry: Entry,
    augmentations: Vec<Augmentation>,
    sigma: f64,
}

/// How the frames of a stack become one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Crop(Crop),
    /// At the centre: the whole frame, where frames and images have one size.
    Centre(Crop),
    Translate(Translate),
}

/// The random numbers of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    corner: Corner,
    steps: Vec<Step>,
}

/// What is done to an image of its final size. What was drawn to be left out is no step.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Shift(Corner),
    Cutout(Hole),
    ColourJitter(Jitter),
    Greyscale,
    Flip,
    Rotate(Turn),
    RandomConvolution(Filter),
    Gaussian(Noise),
}

impl Pipeline {
    /// Augmentations in the order in which they are done; sigma is the deviation of [`gaussian`] noise on the
    /// 0..1 scale, which only that one looks at.
    ///
    /// # Errors
    /// If sizes do not lead from frames to images, or a number is out of its range.
    pub fn new(
        augmentations: &[Augmentation],
        sizes: Sizes,
        sigma: f64,
    ) -> Result<Self, PipelineError> {
        let Sizes { frame, image, channels } = sizes;
        if frame == 0 || image == 0 {
            return Err(PipelineError::NoPixels { frame, image });
        }
        if ![1, 3].contains(&channels) {
            return Err(PipelineError::Channels { got: channels });
        }
        let is_noisy = augmentations.contains(&Augmentation::Gaussian);
        if is_noisy && !(sigma.is_finite() && sigma >= 0.0) {
            return Err(PipelineError::Sigma { got: sigma });
        }
        let entry = entry(augmentations, sizes)?;
        Ok(Self { sizes, entry, augmentations: augmentations.to_vec(), sigma })
    }

    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Whether two views of one stack can differ.
    pub fn is_random(&self) -> bool {
        match self.entry {
            // The largest offset is never drawn.
            Entry::Crop(Crop { frame, image, .. }) if frame - image > 1 => true,
            Entry::Translate(_) => true,
            Entry::Crop(_) | Entry::Centre(_) => self.augmentations.iter().any(|one| match one {
                Augmentation::Crop | Augmentation::CentreCrop => false,
                Augmentation::Greyscale => self.sizes.channels > 1,
                _ => true,
            }),
        }
    }

    /// Draws what one image needs, in the order of the augmentations.
    pub fn draw(&self, rng: &mut impl Rng) -> Drawn {
        let corner = match &self.entry {
            Entry::Crop(crop) => crop.random_corner(rng),
            Entry::Centre(crop) => crop.centre_corner(),
            Entry::Translate(translate) => translate.random_corner(rng),
        };
        let steps = self.augmentations.iter().filter_map(|&one| self.draw_step(one, rng));
        Drawn { corner, steps: steps.collect() }
    }

    fn draw_step(&self, augmentation: Augmentation, rng: &mut impl Rng) -> Option<Step> {
        match augmentation {
            // The corner, which is drawn already: they come first.
            Augmentation::Crop | Augmentation::CentreCrop | Augmentation::Translate => None,
            Augmentation::Shift => Some(Step::Shift(shift::random_corner(rng))),
            Augmentation::Cutout => Some(Step::Cutout(cutout::random_hole(self.sizes.image, rng))),
            Augmentation::ColourJitter => {
                Some(Step::ColourJitter(colour_jitter::random_jitter(&colour_jitter::RAD, rng)))
            }
            Augmentation::Greyscale => greyscale::is_drawn(rng).then_some(Step::Greyscale),
            Augmentation::Flip => flip::is_drawn(rng).then_some(Step::Flip),
            Augmentation::Rotate => rotate::random_turn(rng).map(Step::Rotate),
            Augmentation::RandomConvolution => {
                Some(Step::RandomConvolution(Filter::random(self.sizes.channels, rng)))
            }
            Augmentation::Gaussian => Some(Step::Gaussian(Noise::draw(self.sigma, rng))),
        }
    }

    /// Writes the augmented image of a stack, oldest frame first: each frame holds frame x frame x c bytes,
    /// `image` image x image x k c, channels last.
    ///
    /// # Panics
    /// If the lengths are others.
    pub fn apply(&self, stack: &[&[u8]], drawn: &Drawn, image: &mut [u8], scratch: &mut Scratch) {
        self.enter(stack, drawn.corner, image);
        let Sizes { image: side, channels, .. } = self.sizes;
        let shape = ImageShape { side, channels, frames: stack.len() };
        drawn.steps.iter().for_each(|step| step.apply(image, shape, scratch));
    }

    /// Writes what acting and evaluation see of a stack, nothing of it random: the centre of the frames where
    /// images are cropped, the frames at the centre where they are translated, else the frames themselves.
    /// Lengths are as in [`Self::apply`].
    ///
    /// # Panics
    /// If the lengths are others.
    pub fn centre(&self, stack: &[&[u8]], image: &mut [u8]) {
        let corner = match &self.entry {
            Entry::Crop(crop) | Entry::Centre(crop) => crop.centre_corner(),
            Entry::Translate(translate) => translate.centre_corner(),
        };
        self.enter(stack, corner, image);
    }

    fn enter(&self, stack: &[&[u8]], corner: Corner, image: &mut [u8]) {
        match &self.entry {
            Entry::Crop(crop) | Entry::Centre(crop) => crop.cut(stack, corner, image),
            Entry::Translate(translate) => translate.place(stack, corner, image),
        }
    }
}

fn entry(augmentations: &[Augmentation], sizes: Sizes) -> Result<Entry, PipelineError> {
    let Sizes { frame, image, channels } = sizes;
    let changing = [Augmentation::Crop, Augmentation::CentreCrop, Augmentation::Translate];
    let changes_size = |one: &Augmentation| changing.contains(one);
    let mut changes = augmentations.iter().enumerate().filter(|(_, one)| changes_size(one));
    let (first, second) = (changes.next(), changes.next());
    let crop = Crop { frame, image, channels };
    match (first, second) {
        (Some((_, first)), Some((_, second))) if first == second => {
            Err(PipelineError::Twice { got: *first })
        }
        (Some((_, &first)), Some((_, &second))) => Err(PipelineError::TwoSizes { first, second }),
        (Some((place, &got)), None) if place > 0 => {
            Err(PipelineError::NotFirst { got, place: place + 1 })
        }
        (Some((_, Augmentation::Crop | Augmentation::CentreCrop)), None) if frame <= image => {
            Err(PipelineError::NoRoomToCrop { frame, image })
        }
        (Some((_, Augmentation::Crop)), None) => Ok(Entry::Crop(crop)),
        (Some((_, Augmentation::CentreCrop)), None) => Ok(Entry::Centre(crop)),
        (Some(_), None) if frame >= image => Err(PipelineError::NoRoomToTranslate { frame, image }),
        (Some(_), None) => Ok(Entry::Translate(Translate { frame, image, channels })),
        (None, _) if frame > image => {
            Err(PipelineError::SizesDiffer { frame, image, remedy: Augmentation::Crop })
        }
        (None, _) if frame < image => {
            Err(PipelineError::SizesDiffer { frame, image, remedy: Augmentation::Translate })
        }
        (None, _) => Ok(Entry::Centre(crop)),
    }
}

impl Step {
    fn apply(&self, image: &mut [u8], shape: ImageShape, scratch: &mut Scratch) {
        match self {
            Self::Shift(corner) => shift(scratch.copy_of(image), shape, *corner, image),
            Self::Cutout(hole) => cutout(image, shape, *hole),
            Self::ColourJitter(jitter) => colour_jitter(image, shape, jitter, scratch),
            Self::Greyscale => greyscale(image, shape),
            Self::Flip => flip(image, shape),
            Self::Rotate(turn) => rotate(scratch.copy_of(image), shape, *turn, image),
            Self::RandomConvolution(filter) => random_convolution(image, shape, filter, scratch),
            Self::Gaussian(noise) => gaussian(image, *noise),
        }
    }
}

#[cfg(test)]
mod tests;
