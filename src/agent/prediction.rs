//! The head of contrastive predictive coding: contexts, and what they predict (van den Oord et al. 2018,
//! section 2).

use tch::Tensor;

use crate::config::{self, TemporalConfig};
use crate::nn::{Init, Mlp, Parameters, Recurrent};
use crate::objective::cpc::{self, Negatives, StepAhead};

/// Predictions of the latent vectors 1 to K steps ahead.
#[derive(Debug)]
pub struct Prediction {
    context: Context,
    /// c + MLP(c) in place of c (Stooke et al. 2021).
    residual: Option<Mlp>,
    /// W_k for each k, (D, length of the context).
    matrices: Vec<Tensor>,
    negatives: Negatives,
}

/// What a prediction is made from.
#[derive(Debug)]
enum Context {
    /// The latent vector of the moment.
    None,
    /// A summary of the window so far.
    Recurrent(Recurrent),
}

impl Prediction {
    /// Predictions of latent vectors of a length. Each W_k starts as the identity where the context is a
    /// latent vector, so that the prediction is that nothing changes; else it is orthogonal.
    pub fn new(config: &TemporalConfig, latent: i64, init: &mut Init) -> Self {
        let recurrent_len = config.context_dim.dim();
        let (context, width) = match config.context {
            config::Context::None => (Context::None, latent),
            config::Context::Gru => {
                (Context::Recurrent(Recurrent::gru(latent, recurrent_len, init)), recurrent_len)
            }
            config::Context::Lstm => {
                (Context::Recurrent(Recurrent::lstm(latent, recurrent_len, init)), recurrent_len)
            }
        };
        let residual = match config.predictor {
            config::Predictor::Linear => None,
            config::Predictor::Residual => Some(Mlp::new(&[width, width, width], init)),
        };
        let mut matrix = || match context {
            Context::None => init.identity(latent),
            Context::Recurrent(_) => init.orthogonal(latent, width, 1.0),
        };
        let matrices = (0..config.steps.get()).map(|_| matrix()).collect();
        Self { context, residual, matrices, negatives: config.negatives }
    }

    /// Latent vectors of windows (S, T, D), those that are predicted (S, T, D), and what lies within an
    /// episode, (S, T) of kind Bool -> how well each k = 1..K is predicted.
    pub fn steps_ahead(&self, latents: &Tensor, keys: &Tensor, valid: &Tensor) -> Vec<StepAhead> {
        let context = match &self.context {
            Context::None => latents.shallow_clone(),
            Context::Recurrent(recurrent) => recurrent.forward(latents),
        };
        let context = match &self.residual {
            Some(mlp) => &context + mlp.forward(&context),
            None => context,
        };
        let length = latents.size()[1];
        let predict = |(k, w): (i64, &Tensor)| {
            let predictions = context.narrow(1, 0, length - k).matmul(&w.tr());
            let ahead = |x: &Tensor| x.narrow(1, k, length - k);
            cpc::step_ahead(&predictions, &ahead(keys), &ahead(valid), self.negatives)
        };
        (1..).zip(&self.matrices).map(predict).collect()
    }
}

impl Parameters for Prediction {
    fn visit(&self, path: &str, visit: &mut dyn FnMut(String, &Tensor)) {
        if let Context::Recurrent(recurrent) = &self.context {
            recurrent.visit(&format!("{path}.context"), visit);
        }
        if let Some(residual) = &self.residual {
            residual.visit(&format!("{path}.residual"), visit);
        }
        for (k, w) in (1..).zip(&self.matrices) {
            visit(format!("{path}.w{k}"), w);
        }
    }
}
