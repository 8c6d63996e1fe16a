//! The progress of a run on standard error: a bar on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{FormattedDuration, HumanCount, ProgressBar, ProgressStyle};

use super::pace::{Pace, Rates};
use crate::steps::Steps;

/// A bar is drawn again after this long.
const BAR_EVERY: Duration = Duration::from_millis(100);
/// A plain line follows the last one after this long.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// Rates are means over at least this long: long enough to be calm, short enough to show a change.
const RATES_OVER: Duration = Duration::from_secs(5);

/// Shows the progress of one run.
#[derive(Debug)]
pub(super) struct Console {
    display: Display,
    progress: Progress,
    shown: Instant,
}

#[derive(Debug)]
enum Display {
    Bar(ProgressBar),
    Lines,
}

impl Console {
    pub(super) fn new(total_env_steps: u64, now: Instant) -> Self {
        Self::resume(total_env_steps, Steps::default(), now)
    }

    /// Goes on from some steps.
    pub(super) fn resume(total_env_steps: u64, steps: Steps, now: Instant) -> Self {
        let display = if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:20} {percent:>3}% {prefix}\n{wide_msg}")
                .expect("the template is well-formed");
            Display::Bar(ProgressBar::new(total_env_steps).with_style(style))
        } else {
            Display::Lines
        };
        Self { display, progress: Progress::start(total_env_steps, steps, now), shown: now }
    }

    pub(super) fn progress(&mut self, steps: &Steps, now: Instant) {
        let every = match self.display {
            Display::Bar(_) => BAR_EVERY,
            Display::Lines => LINE_EVERY,
        };
        if now.saturating_duration_since(self.shown) >= every {
            self.progress.advance(steps, now);
            self.show(now);
        }
    }

    pub(super) fn evaluation(&mut self, steps: &Steps, mean: f64, took: Duration, now: Instant) {
        self.progress.evaluation(steps, mean, took);
        self.progress.advance(steps, now);
        self.show(now);
    }

    pub(super) fn message(&self, text: &str) {
        match &self.display {
            Display::Bar(bar) => bar.suspend(|| print_line(text)),
            Display::Lines => print_line(text),
        }
    }

    pub(super) fn finish(&mut self, steps: &Steps, now: Instant) {
        self.progress.advance(steps, now);
        self.show(now);
        if let Display::Bar(bar) = &self.display {
            bar.abandon();
        }
    }

    fn show(&mut self, now: Instant) {
        self.shown = now;
        match &self.display {
            Display::Bar(bar) => {
                bar.set_position(self.progress.steps.env_step);
                bar.set_prefix(self.progress.how_far());
                bar.set_message(self.progress.how_well());
            }
            Display::Lines => {
                print_line(&format!("{}, {}", self.progress.how_far(), self.progress.how_well()));
            }
        }
    }
}

/// Writes a line to standard error. A terminal that has gone away must not end a run of many hours,
/// so a failure is let pass.
fn print_line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// An evaluation's mean return and when it was.
#[derive(Clone, Copy, Debug)]
struct Score {
    mean: f64,
    env_step: u64,
}

/// How far the run is.
#[derive(Debug)]
struct Progress {
    total: u64,
    steps: Steps,
    pace: Pace,
    /// Of the last stretch that was long enough.
    settled: Option<Rates>,
    /// Of the stretch under way.
    present: Rates,
    last: Option<Score>,
    best: Option<Score>,
}

impl Progress {
    fn start(total: u64, steps: Steps, now: Instant) -> Self {
        let pace = Pace::start(now, steps);
        let present = Rates::default();
        Self { total, steps, pace, settled: None, present, last: None, best: None }
    }

    fn advance(&mut self, steps: &Steps, now: Instant) {
        self.steps = *steps;
        self.present = self.pace.rates(steps, now);
        if self.pace.elapsed(now) >= RATES_OVER {
            self.settled = Some(self.present);
            self.pace = Pace::start(now, *steps);
        }
    }

    fn rates(&self) -> Rates {
        self.settled.unwrap_or(self.present)
    }

    fn evaluation(&mut self, steps: &Steps, mean: f64, took: Duration) {
        self.pace.leave_out(took);
        let score = Score { mean, env_step: steps.env_step };
        self.last = Some(score);
        // A diverged run scores NaN, which must neither become the best nor stay it.
        if self.best.is_none_or(|best| best.mean.is_nan() || mean > best.mean) {
            self.best = Some(score);
        }
    }

    /// Time left at the present rate, if there is one.
    fn left(&self) -> Option<Duration> {
        let steps = self.total.saturating_sub(self.steps.env_step) as f64;
        Duration::try_from_secs_f64((steps / self.rates().env_steps_per_second).ceil()).ok()
    }

    fn how_far(&self) -> String {
        let (done, total) = (HumanCount(self.steps.env_step), HumanCount(self.total));
        let left =
            self.left().map_or("--:--".to_owned(), |left| FormattedDuration(left).to_string());
        format!("{done}/{total} env steps, {left} left")
    }

    fn how_well(&self) -> String {
        let Rates { env_steps_per_second, updates_per_second } = self.rates();
        let rates =
            format!("{env_steps_per_second:.0} env steps/s, {updates_per_second:.1} updates/s");
        let (Some(last), Some(best)) = (self.last, self.best) else { return rates };
        let when = HumanCount(best.env_step);
        format!("{rates}, eval {:.1} (best {:.1} at {when})", last.mean, best.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(env_step: u64, update: u64) -> Steps {
        Steps { env_step, update, ..Steps::default() }
    }

    #[test]
    fn tells_rates_time_left_and_evaluations() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut progress = Progress::start(10_000, Steps::default(), begun);
        assert_eq!(progress.how_far(), "0/10,000 env steps, --:-- left");
        assert_eq!(progress.how_well(), "0 env steps/s, 0.0 updates/s");
        progress.advance(&at(1000, 125), after(10));
        progress.evaluation(&at(1000, 125), 42.0, Duration::from_secs(60));
        progress.evaluation(&at(1000, 125), 7.25, Duration::from_secs(40));
        progress.advance(&at(2000, 375), after(120));
        assert_eq!(progress.how_far(), "2,000/10,000 env steps, 00:01:20 left");
        assert_eq!(
            progress.how_well(),
            "100 env steps/s, 25.0 updates/s, eval 7.2 (best 42.0 at 1,000)"
        );
    }

    #[test]
    fn rates_are_calm() {
        let begun = Instant::now();
        let mut progress = Progress::start(1000, Steps::default(), begun);
        progress.advance(&at(10, 0), begun + Duration::from_secs(1));
        assert_eq!(progress.rates().env_steps_per_second, 10.0);
        progress.advance(&at(40, 0), begun + Duration::from_secs(2));
        assert_eq!(progress.rates().env_steps_per_second, 20.0);
        progress.advance(&at(600, 0), begun + Duration::from_secs(6));
        assert_eq!(progress.rates().env_steps_per_second, 100.0);
        progress.advance(&at(601, 0), begun + Duration::from_secs(7));
        assert_eq!(progress.rates().env_steps_per_second, 100.0);
    }

    #[test]
    fn a_score_that_is_no_number_is_never_the_best() {
        let mut progress = Progress::start(1000, Steps::default(), Instant::now());
        for (score, best) in [(f64::NAN, f64::NAN), (1.0, 1.0), (f64::NAN, 1.0), (0.5, 1.0)] {
            progress.evaluation(&at(1, 1), score, Duration::ZERO);
            let shown = progress.best.unwrap().mean;
            assert!(shown == best || (shown.is_nan() && best.is_nan()));
        }
    }
}
