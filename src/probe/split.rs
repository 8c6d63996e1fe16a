//! Which episodes a readout is fitted on, chosen by, and tested on.

use rand::seq::SliceRandom;

use super::observations::Actions;
use crate::random::Stream;

/// What an episode's frames are for. Neighbouring frames are nearly the same: were they split one by
/// one, a test would ask for what was seen in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Fit,
    /// Chooses a penalty, or when to stop.
    Validation,
    Test,
}

/// A part for each episode: of each kind of actions a fifth for testing, and of the others a fifth for
/// validation, rounded, and at least one each.
pub fn split(actions: &[Actions], stream: &mut Stream) -> Vec<Part> {
    let mut parts = vec![Part::Fit; actions.len()];
    for kind in [Actions::Uniform, Actions::Policy] {
        let mut episodes: Vec<usize> =
            (0..actions.len()).filter(|&episode| actions[episode] == kind).collect();
        episodes.shuffle(stream);
        let test = fifth(episodes.len());
        let validation = test + fifth(episodes.len().saturating_sub(test));
        for (at, episode) in episodes.into_iter().enumerate() {
            parts[episode] = match at {
                at if at < test => Part::Test,
                at if at < validation => Part::Validation,
                _ => Part::Fit,
            };
        }
    }
    parts
}

fn fifth(count: usize) -> usize {
    ((count + 2) / 5).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Streams};

    #[test]
    fn every_part_has_episodes_of_both_kinds() {
        for (episodes, expected) in [(10, [3, 1, 1]), (16, [5, 1, 2]), (50, [16, 4, 5])] {
            let actions: Vec<Actions> = (0..episodes).map(Actions::of).collect();
            let parts = split(&actions, &mut Streams::new(1).stream(Purpose::ProbeSplit, 0));
            for kind in [Actions::Uniform, Actions::Policy] {
                for (part, expected) in
                    [Part::Fit, Part::Validation, Part::Test].iter().zip(expected)
                {
                    let of_both = |&(a, p): &(&Actions, &Part)| *a == kind && p == part;
                    let count = actions.iter().zip(&parts).filter(of_both).count();
                    assert_eq!(count, expected, "{kind:?} {part:?} of {episodes}");
                }
            }
        }
    }

    #[test]
    fn the_split_is_the_stream_s() {
        let actions: Vec<Actions> = (0..40).map(Actions::of).collect();
        let of = |seed| split(&actions, &mut Streams::new(seed).stream(Purpose::ProbeSplit, 0));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
