//! How fast a run goes.

use std::time::{Duration, Instant};

use crate::steps::Steps;

/// Rates of training; zero before any time has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) env_steps_per_second: f64,
    pub(super) updates_per_second: f64,
}

/// A stretch of training whose rates are measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    begun: Instant,
    from: Steps,
    left_out: Duration,
}

impl Pace {
    pub(super) fn start(now: Instant, from: Steps) -> Self {
        Self { begun: now, from, left_out: Duration::ZERO }
    }

    /// Takes time out of the stretch that was not spent on training.
    pub(super) fn leave_out(&mut self, duration: Duration) {
        self.left_out += duration;
    }

    /// Time spent on training.
    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.begun).saturating_sub(self.left_out)
    }

    pub(super) fn rates(&self, steps: &Steps, now: Instant) -> Rates {
        let seconds = self.elapsed(now).as_secs_f64();
        if seconds <= 0.0 {
            return Rates::default();
        }
        let per_second = |to: u64, from: u64| to.saturating_sub(from) as f64 / seconds;
        Rates {
            env_steps_per_second: per_second(steps.env_step, self.from.env_step),
            updates_per_second: per_second(steps.update, self.from.update),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_leave_out_evaluations() {
        let now = Instant::now();
        let from = Steps { env_step: 100, update: 10, ..Steps::default() };
        let mut pace = Pace::start(now, from);
        pace.leave_out(Duration::from_secs(6));
        let to = Steps { env_step: 500, update: 60, ..Steps::default() };
        let rates = pace.rates(&to, now + Duration::from_secs(8));
        assert_eq!(rates, Rates { env_steps_per_second: 200.0, updates_per_second: 25.0 });
        assert_eq!(pace.rates(&to, now), Rates::default());
    }
}
