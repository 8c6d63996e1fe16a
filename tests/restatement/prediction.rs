//! Contrastive prediction in time (van den Oord et al. 2018), pair by pair from its definition.

use curl_rl::batch::Windows;
use curl_rl::config::{Context, KeyEncoding, Predictor};
use curl_rl::objective::cpc::Negatives;
use tch::{Kind, Tensor};

use super::{Restatement, scale};

/// A prediction and its future: the window, and the time of the context.
type Pair = (usize, usize);

/// Vectors by window and time.
type InWindows = Vec<Vec<Tensor>>;

impl Restatement<'_> {
    /// The mean over k of the cross-entropies with which W_k c_t tells z_{t+k} from other futures.
    pub(super) fn prediction_loss(&self, windows: &Windows) -> Tensor {
        let images = scale(&windows.inputs);
        let latents = in_windows(&self.encode(&images, "query_encoder"), windows);
        let keys = match self.config.contrast.key_encoder {
            KeyEncoding::Ema => in_windows(&self.encode(&images, "key_encoder").detach(), windows),
            KeyEncoding::Shared => in_windows(&self.encode(&images, "query_encoder"), windows),
        };
        let contexts: InWindows = latents.iter().map(|window| self.contexts(window)).collect();
        let steps = self.config.contrast.temporal.steps.len();
        let losses = (1..=steps).map(|k| self.loss_ahead(k, &contexts, &keys, windows));
        losses.sum::<Tensor>() / steps as f64
    }

    /// The mean of the cross-entropies over the pairs k steps apart whose future is within the episode.
    fn loss_ahead(
        &self,
        k: usize,
        contexts: &InWindows,
        keys: &InWindows,
        windows: &Windows,
    ) -> Tensor {
        let is_within = |window: usize, time: usize| {
            windows.valid.int64_value(&[window as i64, time as i64]) == 1
        };
        let length = keys[0].len();
        let pairs: Vec<Pair> = (0..keys.len())
            .flat_map(|window| (0..length - k).map(move |time| (window, time)))
            .filter(|&(window, time)| is_within(window, time + k))
            .collect();
        let matrix = self.get(&format!("contrast.w{k}"));
        let losses = pairs.iter().map(|&own| {
            let prediction = matrix.mv(&contexts[own.0][own.1]);
            let future = |&(window, time): &Pair| &keys[window][time + k];
            let candidates =
                pairs.iter().filter(|&&other| other == own || self.is_told(own, other));
            let candidates = Tensor::stack(&candidates.map(future).collect::<Vec<_>>(), 0);
            let odds = candidates.mv(&prediction).exp().sum(Kind::Double);
            odds.log() - future(&own).dot(&prediction)
        });
        losses.sum::<Tensor>() / pairs.len() as f64
    }

    /// Whether a prediction's future is told from that of another pair.
    fn is_told(&self, (window, time): Pair, (other_window, other_time): Pair) -> bool {
        match self.config.contrast.temporal.negatives {
            Negatives::Batch => time == other_time,
            Negatives::Sequence => window == other_window,
            Negatives::All => true,
        }
    }

    /// What predictions are made from, for the latent vectors of one window.
    fn contexts(&self, latents: &[Tensor]) -> Vec<Tensor> {
        let temporal = &self.config.contrast.temporal;
        let contexts = match temporal.context {
            Context::None => latents.iter().map(Tensor::shallow_clone).collect(),
            Context::Gru => self.gru(latents),
            Context::Lstm => self.lstm(latents),
        };
        match temporal.predictor {
            Predictor::Linear => contexts,
            Predictor::Residual => contexts.iter().map(|c| c + self.residual(c)).collect(),
        }
    }

    fn residual(&self, context: &Tensor) -> Tensor {
        let hidden = self.linear(context, "contrast.residual.0").relu();
        self.linear(&hidden, "contrast.residual.1")
    }

    /// Cho et al. 2014 with the gates r, z and n and the two biases of PyTorch.
    fn gru(&self, latents: &[Tensor]) -> Vec<Tensor> {
        let mut h = self.no_state();
        let mut states = Vec::new();
        for x in latents {
            let of_input = self.linear(x, "contrast.context.input").chunk(3, 0);
            let of_state = self.linear(&h, "contrast.context.state").chunk(3, 0);
            let r = (&of_input[0] + &of_state[0]).sigmoid();
            let z = (&of_input[1] + &of_state[1]).sigmoid();
            let n = (&of_input[2] + r * &of_state[2]).tanh();
            h = (1.0 - &z) * n + z * h;
            states.push(h.shallow_clone());
        }
        states
    }

    /// Hochreiter and Schmidhuber 1997 with the gates i, f, g and o and the two biases of PyTorch.
    fn lstm(&self, latents: &[Tensor]) -> Vec<Tensor> {
        let (mut h, mut c) = (self.no_state(), self.no_state());
        let mut states = Vec::new();
        for x in latents {
            let of_input = self.linear(x, "contrast.context.input");
            let gates = (of_input + self.linear(&h, "contrast.context.state")).chunk(4, 0);
            let [i, f, o] = [0, 1, 3].map(|gate| gates[gate].sigmoid());
            c = f * c + i * gates[2].tanh();
            h = o * c.tanh();
            states.push(h.shallow_clone());
        }
        states
    }

    fn no_state(&self) -> Tensor {
        let length = self.config.contrast.temporal.context_dim.len() as i64;
        Tensor::zeros([length], (Kind::Double, tch::Device::Cpu))
    }
}

/// The rows of all windows, (S T, D), by window and time.
fn in_windows(rows: &Tensor, windows: &Windows) -> InWindows {
    let (count, length) = windows.valid.size2().expect("it is a matrix");
    let row = |window: i64, time: i64| rows.get(window * length + time);
    (0..count).map(|window| (0..length).map(|time| row(window, time)).collect()).collect()
}
