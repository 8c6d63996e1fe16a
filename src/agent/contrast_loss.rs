//! The contrastive loss of an update: the passes that it is computed from, and the way back through them.

use tch::Tensor;

use super::Agent;
use super::contrast::{Comparison, Told};
use super::prediction::Prediction;
use super::update::HeadGradients;
use crate::batch::Windows;
use crate::config::KeyEncoding;
use crate::nn::{Convolutions, Recorded};
use crate::objective::cpc;

/// A contrastive loss, and what its gradients are made of.
pub(super) struct ContrastLoss {
    pub(super) loss: Tensor,
    pub(super) told: Told,
    /// Its gradient at the features of a pass that other losses are computed from, too.
    pub(super) at_shared: Option<Tensor>,
    /// Passes of its own, with its gradient at their features.
    own: Vec<(Recorded, Tensor)>,
    /// Its gradients for the parameters beyond the convolutions.
    heads: Vec<Tensor>,
}

/// Where the queries come from.
pub(super) enum Query<'a> {
    /// A pass that other losses are computed from, too, and the queries' latent vectors (B, D) from it.
    Shared(&'a Recorded, Tensor),
    Own(Recorded),
}

/// Where the keys come from.
pub(super) enum Key {
    /// The key encoder, (B, D).
    Encoded(Tensor),
    /// The query encoder itself.
    Own(Recorded),
}

impl Agent {
    /// The loss of two views of the same observations.
    #[tracing::instrument(level = "trace", name = "contrastive loss", skip_all)]
    pub(super) fn compare(
        &self,
        comparison: &Comparison,
        query: Query<'_>,
        key: Key,
    ) -> ContrastLoss {
        let project = |pass: &Recorded| self.query_encoder.projection.forward(pass.features());
        let (queries, shared, mut own) = match query {
            Query::Shared(pass, latents) => (latents, Some(pass), Vec::new()),
            Query::Own(pass) => (project(&pass), None, vec![pass]),
        };
        let keys = match key {
            Key::Encoded(latents) => latents,
            Key::Own(pass) => {
                let latents = project(&pass);
                own.push(pass);
                latents
            }
        };
        let (loss, scores) = comparison.loss(&queries, &keys);
        self.contrast_loss(loss, Told::Scores(scores), shared, own)
    }

    /// The loss of predictions within windows of episodes. Keys, which are predicted, come from the encoder
    /// that is configured for them.
    #[tracing::instrument(level = "trace", name = "contrastive loss", skip_all)]
    pub(super) fn predict(&self, prediction: &Prediction, windows: &Windows) -> ContrastLoss {
        let inputs = self.prepare(&windows.inputs);
        let pass = self.query_encoder.convs.record(&inputs);
        let valid = windows.valid.to_device(self.device);
        let in_windows =
            |latents: &Tensor| latents.view([valid.size()[0], valid.size()[1], latents.size()[1]]);
        let latents = in_windows(&self.query_encoder.projection.forward(pass.features()));
        let keys = match self.config.contrast.key_encoder {
            KeyEncoding::Ema => in_windows(&self.key_encoder.encode(&inputs)),
            KeyEncoding::Shared => latents.shallow_clone(),
        };
        let steps = prediction.steps_ahead(&latents, &keys, &valid);
        let loss = cpc::mean_over_steps(&steps).loss;
        self.contrast_loss(loss, Told::Steps(steps), None, vec![pass])
    }

    fn contrast_loss(
        &self,
        loss: Tensor,
        told: Told,
        shared: Option<&Recorded>,
        own: Vec<Recorded>,
    ) -> ContrastLoss {
        let passes: Vec<&Recorded> = shared.into_iter().chain(&own).collect();
        let heads = self.optimisers.contrast_heads();
        let HeadGradients { at_features, heads } = HeadGradients::new(&loss, &passes, heads);
        let mut at_features = at_features.into_iter();
        let at_shared = shared.map(|_| at_features.next().expect("one for each pass"));
        let own = own.into_iter().zip(at_features).collect();
        ContrastLoss { loss, told, at_shared, own, heads }
    }
}

impl ContrastLoss {
    /// Its gradients for the query encoder and then for the head. Those of the convolutions are summed over
    /// the passes, of which the shared one's are given.
    pub(super) fn gradients(
        &self,
        convs: &Convolutions,
        of_shared: Option<Vec<Tensor>>,
    ) -> Vec<Tensor> {
        let of_own =
            self.own.iter().flat_map(|(pass, at_features)| convs.gradients(pass, &[at_features]));
        let of_passes = of_shared.into_iter().chain(of_own);
        let mut gradients = of_passes.reduce(add).expect("there is a pass");
        gradients.extend(self.heads.iter().map(Tensor::shallow_clone));
        gradients
    }
}

/// Sums of gradients, one by one.
fn add(a: Vec<Tensor>, b: Vec<Tensor>) -> Vec<Tensor> {
    a.into_iter().zip(b).map(|(a, b)| a + b).collect()
}
