//! What is told of the replay's memory while it fills: how many bytes a frame really takes.

use crate::config::Config;
use crate::memory::{Measured, available_bytes, gigabytes, resident_bytes};
use crate::metrics::Metrics;
use crate::replay::{Codec, Replay};

/// Episodes after which the forecast that was printed before the run is corrected.
const MEASURED_EPISODES: u64 = 2;

/// The forecast under way. It only tells: a run that will not fit is for its user to stop.
#[derive(Debug, Default)]
pub(super) struct Correction {
    warned: bool,
}

impl Correction {
    /// Tells, after an episode, what the frames take, and once if the full replay will not fit.
    pub(super) fn episode_ended(
        &mut self,
        config: &Config,
        replays: &[&Replay],
        episodes: u64,
        metrics: &Metrics,
    ) {
        // Raw frames take what was told.
        if replays[0].shape().codec == Codec::Raw || episodes < MEASURED_EPISODES {
            return;
        }
        let measured = Measured::new(config, replays);
        if episodes == MEASURED_EPISODES {
            metrics.message(&correction(&measured));
        }
        let (Some(resident), Some(available)) = (resident_bytes(), available_bytes()) else {
            return;
        };
        if let Some(shortage) = measured.shortage(resident, available)
            && !self.warned
        {
            metrics.message(&warning(&measured, shortage, config.replay.capacity.get()));
            self.warned = true;
        }
    }
}

fn correction(measured: &Measured) -> String {
    let Measured { frame_bytes, forecast } = measured;
    format!("a stored frame takes {frame_bytes:.0} bytes: the run needs about {forecast}")
}

fn warning(measured: &Measured, shortage: f64, capacity: u64) -> String {
    format!(
        "warning: the full replay will not fit: the run needs about {}, {} more than there is; lower \
         replay.capacity (now {capacity}) or close other programs before memory runs out",
        measured.forecast,
        gigabytes(shortage)
    )
}
