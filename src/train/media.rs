//! Pictures of what is learned: histograms of weights and logits, and query and key crops side by
//! side.

use curl_envs::FRAME_CHANNELS;
use tch::{Kind, Tensor};

use crate::agent::{Agent, ContrastLosses, Losses, Told};
use crate::batch::Batch;
use crate::metrics::{Image, Metrics, MetricsError};
use crate::observation::Input;
use crate::steps::Steps;

/// Samples shown in the picture of crops.
const PICTURED_SAMPLES: i64 = 4;

pub(super) fn record(
    metrics: &mut Metrics,
    steps: &Steps,
    agent: &Agent,
    batch: &Batch,
    losses: &Losses,
) -> Result<(), MetricsError> {
    for (name, tensor) in agent.parameters() {
        metrics.histogram(steps, &format!("weights/{name}"), &values(&tensor))?;
    }
    let Some(ContrastLosses { told: Told::Scores(scores), .. }) = &losses.contrast else {
        return Ok(());
    };
    let positives = scores.diagonal(0, 0, 1);
    metrics.histogram(steps, "contrast/logits", &values(scores))?;
    metrics.histogram(steps, "contrast/positive_logits", &values(&positives))?;
    let (Some(key), Input::Image { channels, .. }) = (batch.key(), batch.shape.input) else {
        return Ok(());
    };
    let (height, width, rgb) = side_by_side(&batch.query(), &key, channels);
    metrics.image(steps, "contrast/query_and_key", &Image { height, width, rgb: &rgb })
}

fn values(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor.detach().to_kind(Kind::Float).contiguous().view(-1);
    Vec::try_from(flat).expect("a flat tensor of float32 is a vector")
}

/// The newest frame, of three channels or one, of the first samples: a row of queries above a row of
/// keys.
fn side_by_side(query: &Tensor, key: &Tensor, channels: usize) -> (usize, usize, Vec<u8>) {
    let row = |images: &Tensor| {
        let count = PICTURED_SAMPLES.min(images.size()[0]);
        let newest = images.size()[3] - channels as i64;
        let frames = images.narrow(0, 0, count).narrow(3, newest, channels as i64);
        Tensor::cat(&frames.unbind(0), 1)
    };
    let picture = Tensor::cat(&[row(query), row(key)], 0);
    let picture = picture.expand([-1, -1, FRAME_CHANNELS as i64], false).contiguous();
    let (height, width) = (picture.size()[0] as usize, picture.size()[1] as usize);
    let pixels = Vec::try_from(picture.view(-1)).expect("a flat tensor of bytes is a vector");
    (height, width, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_lie_above_keys_and_show_the_newest_frame() {
        let images = |value: i64| {
            let old = Tensor::zeros([2, 3, 3, 3], (Kind::Uint8, tch::Device::Cpu));
            Tensor::cat(&[&old, &(&old + value).to_kind(Kind::Uint8)], 3)
        };
        let (height, width, pixels) = side_by_side(&images(7), &images(9), 3);
        assert_eq!((height, width), (6, 6));
        assert!(pixels[..54].iter().all(|&byte| byte == 7));
        assert!(pixels[54..].iter().all(|&byte| byte == 9));

        let (height, width, grey) = side_by_side(&images(7), &images(9), 1);
        assert_eq!((height, width), (6, 6));
        assert_eq!(grey, pixels, "a grey frame is shown in all three colours");
    }
}
