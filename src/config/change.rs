//! What may change when a run goes on.

use std::fmt;

use toml::{Table, Value};

use super::Config;
use super::schema;

/// Keys, and sections with all their keys, that say how long a run goes, with which programs, and what
/// it leaves behind, but not what it learns.
pub const CHANGEABLE: [&str; 5] = ["env.python", "train.env_steps", "eval", "log", "checkpoint"];

/// A key that two configurations give different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub key: String,
    before: String,
    after: String,
}

impl Change {
    /// Whether a run can go on with it.
    pub fn is_allowed(&self) -> bool {
        CHANGEABLE.iter().any(|name| {
            self.key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, before, after } = self;
        write!(out, "{key} from {before} to {after}")
    }
}

impl Config {
    /// What a later configuration has otherwise.
    pub fn changes(&self, later: &Self) -> Vec<Change> {
        let (before, after) = (flat(self), flat(later));
        let pairs =
            before.into_iter().zip(after).filter(|((_, before), (_, after))| before != after);
        pairs
            .map(|((key, before), (_, after))| Change {
                key,
                before: schema::shown(&before),
                after: schema::shown(&after),
            })
            .collect()
    }
}

/// Every key with its value, in the same order for every configuration.
fn flat(config: &Config) -> Vec<(String, Value)> {
    fn collect(table: Table, section: &str, found: &mut Vec<(String, Value)>) {
        for (name, value) in table {
            let key = if section.is_empty() { name } else { format!("{section}.{name}") };
            match value {
                Value::Table(inner) => collect(inner, &key, found),
                value => found.push((key, value)),
            }
        }
    }
    let table = Table::try_from(config).expect("whole numbers are within TOML's range");
    let mut found = Vec::new();
    collect(table, "", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::config_with;

    #[test]
    fn changes_are_told_by_key_and_only_some_are_allowed() {
        let before = config_with(&[]).unwrap();
        let after = config_with(&[
            "train.env_steps=50000",
            "agent.encoder.tau=0.5",
            "eval.episodes=3",
            "train.seed=9",
        ]);
        let told: Vec<(String, bool)> = before
            .changes(&after.unwrap())
            .iter()
            .map(|change| (change.to_string(), change.is_allowed()))
            .collect();
        let expected = [
            ("agent.encoder.tau from 0.05 to 0.5", false),
            ("eval.episodes from 10 to 3", true),
            ("train.env_steps from 100000 to 50000", true),
            ("train.seed from 1 to 9", false),
        ];
        assert_eq!(told, expected.map(|(text, allowed)| (text.to_owned(), allowed)));
        assert_eq!(before.changes(&before), []);
    }
}
