//! What there is to know about each environment without making it: loading the models of all would
//! take half a minute. The tests hold these tables to what the environments say themselves.

mod dmc;
mod gym;

use std::fmt;

use crate::catalog;
use crate::env::ActionSpec;

/// Environments of one origin, whose ids begin alike.
#[derive(Debug)]
pub struct Suite {
    /// What stands before the colon of an id.
    pub prefix: &'static str,
    pub domains: &'static [Domain],
}

/// Environments in which the same things move.
#[derive(Debug)]
pub struct Domain {
    pub name: &'static str,
    /// What moves, and what the actions do.
    pub about: &'static str,
    /// Where it is other than in the original, beyond what holds for its whole suite.
    pub departure: Option<&'static str>,
    pub environments: &'static [Listed],
}

/// One environment.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Canonical id.
    pub id: &'static str,
    pub actions: Actions,
    /// Seconds of simulated time that an env step takes.
    pub control_timestep: f64,
    /// Length of an episode in env steps, if it has a time limit.
    pub time_limit: Option<u64>,
    /// Env steps per agent step.
    pub default_action_repeat: u64,
    /// What is rewarded.
    pub task: &'static str,
}

/// How many actions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actions {
    /// So many numbers at once.
    Continuous(usize),
    /// One of so many choices.
    Discrete(usize),
}

impl Listed {
    /// Whether its id holds a text, in any of an id's forms.
    pub fn matches(&self, text: &str) -> bool {
        catalog::plain(self.id).contains(&catalog::plain(text))
    }
}

impl From<&ActionSpec> for Actions {
    fn from(spec: &ActionSpec) -> Self {
        match spec {
            ActionSpec::Continuous { low, .. } => Self::Continuous(low.len()),
            ActionSpec::Discrete { n } => Self::Discrete(*n),
        }
    }
}

impl fmt::Display for Actions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuous(1) => write!(formatter, "1 number"),
            Self::Continuous(count) => write!(formatter, "{count} numbers"),
            Self::Discrete(count) => write!(formatter, "1 of {count}"),
        }
    }
}

/// Every suite but Gymnasium's, of which only a Python interpreter knows what is in it.
pub const SUITES: [Suite; 2] = [
    Suite { prefix: "dmc", domains: &dmc::DOMAINS },
    Suite { prefix: "gym", domains: &gym::DOMAINS },
];

impl Suite {
    /// The environments of all domains, in order.
    pub fn environments(&self) -> impl Iterator<Item = &'static Listed> {
        self.domains.iter().flat_map(|domain| domain.environments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ids, make};

    fn listed() -> impl Iterator<Item = &'static Listed> {
        SUITES.iter().flat_map(Suite::environments)
    }

    #[test]
    fn every_environment_is_listed_with_what_it_says_itself() {
        for id in ids() {
            let listed = listed().find(|listed| listed.id == id);
            let listed = listed.unwrap_or_else(|| panic!("{id} is not in `envs/src/listing`"));
            let env = make(&id).expect("what it needs is there");
            let spec = env.spec();
            assert_eq!(listed.actions, Actions::from(&spec.action), "{id}");
            assert_eq!(listed.time_limit, spec.time_limit, "{id}");
            assert_eq!(listed.default_action_repeat, spec.default_action_repeat, "{id}");
            let difference = listed.control_timestep - spec.control_timestep;
            assert!(difference.abs() < 1e-12, "{id}: {}", spec.control_timestep);
        }
    }

    #[test]
    fn what_is_listed_is_there() {
        let known: Vec<String> = ids().collect();
        assert!(listed().all(|listed| known.iter().any(|id| id == listed.id)));
    }

    #[test]
    fn an_id_tells_suite_and_domain() {
        for suite in &SUITES {
            for domain in suite.domains {
                for Listed { id, .. } in domain.environments {
                    let (prefix, name) = id.split_once(':').expect("there is a suite");
                    assert_eq!(prefix, suite.prefix);
                    assert!(name.starts_with(domain.name), "{id} in {}", domain.name);
                }
            }
        }
    }

    /// They become cells of tables, and lines of their own.
    #[test]
    fn what_is_told_is_one_sentence_without_its_full_stop() {
        let domains = SUITES.iter().flat_map(|suite| suite.domains);
        let texts = domains.flat_map(|domain| [domain.about, domain.departure.unwrap_or("none")]);
        for text in texts.chain(listed().map(|listed| listed.task)) {
            assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
            assert!(!text.contains(['\n', '|', '<']) && !text.contains("  "), "{text}");
        }
    }
}
