//! The time that passes in the spans of an update, each without the spans inside it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing::span::Id;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// Runs something and gives back how long each span took in all, in the order in which they first
/// ended.
pub(super) fn times<T>(run: impl FnOnce() -> T) -> (T, Vec<(&'static str, Duration)>) {
    let clock = Arc::new(Mutex::new(Clock::default()));
    let subscriber = Registry::default().with(Spans(Arc::clone(&clock)));
    let result = tracing::subscriber::with_default(subscriber, run);
    let times = std::mem::take(&mut clock.lock().expect("no holder panicked").times);
    (result, times)
}

#[derive(Default)]
struct Clock {
    /// Of the spans that are open, the outermost first: when it began, and what of it went into
    /// spans inside it. Spans are entered on one thread.
    open: Vec<(Instant, Duration)>,
    times: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn enter(&mut self) {
        self.open.push((Instant::now(), Duration::ZERO));
    }

    fn exit(&mut self, name: &'static str) {
        let Some((start, inside)) = self.open.pop() else { return };
        let whole = start.elapsed();
        if let Some((_, inside)) = self.open.last_mut() {
            *inside += whole;
        }
        let own = whole.saturating_sub(inside);
        match self.times.iter_mut().find(|(known, _)| *known == name) {
            Some((_, time)) => *time += own,
            None => self.times.push((name, own)),
        }
    }
}

struct Spans(Arc<Mutex<Clock>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_span() && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        self.0.lock().expect("no holder panicked").enter();
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if let Some(metadata) = context.metadata(id) {
            self.0.lock().expect("no holder panicked").exit(metadata.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    #[test]
    fn a_span_does_not_count_those_inside_it() {
        let pause = Duration::from_millis(20);
        let ((), times) = times(|| {
            tracing::trace_span!("outer").in_scope(|| {
                for _ in 0..2 {
                    tracing::trace_span!("inner").in_scope(|| sleep(pause));
                }
            });
        });
        let names: Vec<_> = times.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["inner", "outer"]);
        assert!(times[0].1 >= 2 * pause);
        assert!(times[1].1 < times[0].1, "{times:?}");
    }
}
