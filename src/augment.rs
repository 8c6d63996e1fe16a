//! Image augmentations, on bytes: what turns stored frames into the images that networks see.
//!
//! A frame is height x width x c bytes, three channels or one. A stack of k frames becomes one image with
//! k c channels, channels last, the oldest frame first.

pub mod crop;

pub use crop::{Corner, Crop};
