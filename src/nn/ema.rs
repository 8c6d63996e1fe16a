//! The exponential moving average of target networks.

use tch::no_grad;

use super::Parameters;

/// target <- tau online + (1 - tau) target, tensor by tensor.
pub fn move_towards(target: &impl Parameters, online: &impl Parameters, tau: f64) {
    let (target, online) = (target.named(""), online.named(""));
    assert_eq!(target.len(), online.len(), "target and online networks have the same shape");
    no_grad(|| {
        for ((_, mut target), (_, online)) in target.into_iter().zip(online) {
            let _ = target.lerp_(&online, tau);
        }
    });
}
