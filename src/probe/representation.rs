//! Vectors that stand for an image: what is compared.

use tch::{Device, Kind, Tensor, no_grad};
use thiserror::Error;

use super::View;
use super::observations::{Observation, Sight};
use crate::agent::Agent;
use crate::nn::first_non_finite;
use crate::random::{self, Purpose, Streams};

/// Images that are encoded at a time.
const CHUNK: usize = 128;
/// Numbers that features are projected on where they are more: a ridge regression on all 39,200 of the
/// paper's encoder would take hours.
const PROJECTED: i64 = 512;
/// Height and width of the pictures that stand for themselves: a quarter of the paper's images.
const SMALL_SIDE: i64 = 21;
const LATENT: &str = "latent";

/// What is compared, by its name in reports.
#[derive(Debug)]
pub struct Representation<'a> {
    pub name: &'static str,
    form: Form<'a>,
}

#[derive(Debug)]
enum Form<'a> {
    /// The query encoder's latent vector.
    Latent(&'a Agent),
    /// The query encoder's convolutional features, projected if they are many.
    Features(&'a Agent, Option<Tensor>),
    /// The image itself, in grey and small.
    Pixels { channels: i64 },
}

/// A representation holds a number that is none, such as of a network whose weights are too large.
#[derive(Debug, Error, PartialEq)]
#[error("the representation \"{name}\" holds {value}, expected finite numbers")]
pub struct NotFinite {
    name: &'static str,
    value: f64,
}

/// All that are compared: those of the trained agent, the latent vector first, those of an agent as it was
/// made, and pixels.
pub fn representations<'a>(
    trained: &'a Agent,
    random: &'a Agent,
    sight: Sight<'_>,
    streams: &Streams,
) -> Vec<Representation<'a>> {
    let projection = projection(trained, sight, streams);
    let features = |agent| Form::Features(agent, projection.as_ref().map(Tensor::shallow_clone));
    let channels = sight.sizes().channels as i64;
    [
        (LATENT, Form::Latent(trained)),
        ("features", features(trained)),
        ("random latent", Form::Latent(random)),
        ("random features", features(random)),
        ("pixels", Form::Pixels { channels }),
    ]
    .map(|(name, form)| Representation { name, form })
    .into()
}

/// A (features, [`PROJECTED`]) matrix of normal numbers with variance 1 / [`PROJECTED`], which keeps distances
/// up to a few per cent (Johnson & Lindenstrauss 1984); none where the features are no more.
fn projection(agent: &Agent, sight: Sight<'_>, streams: &Streams) -> Option<Tensor> {
    let side = sight.sizes().image as i64;
    let channels = (sight.sizes().channels * sight.stack) as i64;
    let image = Tensor::zeros([1, side, side, channels], (Kind::Uint8, Device::Cpu));
    let features = agent.features(&agent.prepare(&image)).size()[1];
    (features > PROJECTED).then(|| {
        let mut stream = streams.stream(Purpose::ProbeProjection, 0);
        let normal = random::normal(&[features, PROJECTED], Kind::Float, &mut stream);
        (normal / (PROJECTED as f64).sqrt()).to_device(agent.device())
    })
}

impl<'a> Representation<'a> {
    /// The latent vectors of an agent's query encoder.
    pub fn latent(agent: &'a Agent) -> Self {
        Self { name: LATENT, form: Form::Latent(agent) }
    }

    /// The vectors (N, D) of views of observations, one of each, in float64.
    ///
    /// # Errors
    /// If one of their numbers is not finite.
    pub fn of(
        &self,
        sight: Sight<'_>,
        observations: &[Observation],
        views: &[View],
    ) -> Result<Tensor, NotFinite> {
        self.by(|images| self.encode(images), sight, observations, views)
    }

    /// The same as keys, which the encoder that the contrast takes its keys from makes of latent vectors.
    ///
    /// # Errors
    /// If one of their numbers is not finite.
    pub fn keys_of(
        &self,
        sight: Sight<'_>,
        observations: &[Observation],
        views: &[View],
    ) -> Result<Tensor, NotFinite> {
        match self.form {
            Form::Latent(agent) => {
                self.by(|images| agent.key_latents(images), sight, observations, views)
            }
            _ => self.of(sight, observations, views),
        }
    }

    fn by(
        &self,
        encode: impl Fn(&Tensor) -> Tensor,
        sight: Sight<'_>,
        observations: &[Observation],
        views: &[View],
    ) -> Result<Tensor, NotFinite> {
        let chunks = observations.chunks(CHUNK).zip(views.chunks(CHUNK));
        let vectors: Vec<Tensor> = chunks
            .map(|(observations, views)| {
                let observations: Vec<&Observation> = observations.iter().collect();
                let vectors = encode(&sight.images(&observations, views));
                vectors.to_device(Device::Cpu).to_kind(Kind::Double)
            })
            .collect();
        let vectors = Tensor::cat(&vectors, 0);
        match first_non_finite(&vectors) {
            None => Ok(vectors),
            Some(value) => Err(NotFinite { name: self.name, value }),
        }
    }

    fn encode(&self, images: &Tensor) -> Tensor {
        match &self.form {
            Form::Latent(agent) => agent.query_latents(images),
            Form::Features(agent, projection) => {
                let features = agent.features(&agent.prepare(images));
                match projection {
                    Some(projection) => {
                        no_grad(|| features.to_kind(Kind::Float).matmul(projection))
                    }
                    None => features,
                }
            }
            Form::Pixels { channels } => small_grey(images, *channels),
        }
    }
}

/// Images (B, H, W, k c), u8, of k frames of `channels` channels -> (B, k h w) in [0, 1]: each frame in
/// grey, and small by taking means.
fn small_grey(images: &Tensor, channels: i64) -> Tensor {
    let (batch, height, width, depth) = images.size4().expect("images have four dimensions");
    let frames = images.view([batch, height, width, depth / channels, channels]);
    let grey = frames.to_kind(Kind::Float).mean_dim(-1, false, Kind::Float) / 255.0;
    let [height, width] = [height, width].map(|side| side.min(SMALL_SIDE));
    grey.permute([0, 3, 1, 2]).adaptive_avg_pool2d([height, width]).flatten(1, -1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_hold_means() {
        let left = Tensor::zeros([1, 42, 21, 6], (Kind::Uint8, Device::Cpu));
        let right = Tensor::full([1, 42, 21, 6], 255, (Kind::Uint8, Device::Cpu));
        let image = Tensor::cat(&[left, right], 2);
        let small = small_grey(&image, 3);
        assert_eq!(small.size(), [1, 2 * 21 * 21]);
        let first_row: Vec<f32> = Vec::try_from(small.narrow(1, 0, 21).view(-1)).expect("floats");
        let expected = [[0.0; 10].as_slice(), &[0.5], &[1.0; 10]].concat();
        assert_eq!(first_row, expected);
    }

    #[test]
    fn grey_frames_are_a_channel_each() {
        let image = Tensor::from_slice(&[0u8, 51, 102, 255]).view([1, 1, 2, 2]);
        let small: Vec<f32> = Vec::try_from(small_grey(&image, 1).view(-1)).expect("floats");
        assert_eq!(small, [0.0, 0.4, 0.2, 1.0], "frame by frame");
    }
}
