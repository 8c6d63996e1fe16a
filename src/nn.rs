//! Networks: tensors in, tensors out. Nothing here knows a loss, an agent or a file.

pub mod adam;
#[cfg_attr(not(all(target_arch = "x86_64", target_os = "linux")), path = "nn/amx/absent.rs")]
mod amx;
mod categorical;
mod convolutions;
mod ema;
mod encoder;
mod gradients;
mod images;
mod init;
mod layers;
mod motion;
mod normaliser;
mod policy;
mod recurrent;
pub(crate) mod slice;
mod winograd;

pub use adam::Adam;
pub use categorical::Categorical;
pub use convolutions::{Convolutions, ImageShape, Recorded, scale};
pub use ema::move_towards;
pub use encoder::{Encoder, KeyEncoder, Projection};
pub use gradients::{first_non_finite, gradient_norm};
pub use init::Init;
pub use layers::{Linear, Mlp, Parameters};
pub use normaliser::Normaliser;
pub use policy::{Distribution, Gaussian, Policy};
pub use recurrent::Recurrent;

/// Whether the processor has matrix units and the system lets us use them.
pub fn has_matrix_units() -> bool {
    amx::Amx::is_available()
}
