//! Which keys there are, and what may stand under each.

use std::collections::BTreeSet;
use std::path::Path;

use toml::{Table, Value};

use super::Config;
use super::error::KeyProblem;
use super::layer::{self, Entry, Source};
use super::presets::DEFAULTS;

/// Similarity from which a known key is offered in place of an unknown one; 1 is equality.
const NEAR: f64 = 0.6;
/// Longer values are cut in messages.
const SHOWN_CHARS: usize = 60;

/// The keys of the configuration, taken from the defaults.
#[derive(Debug)]
pub(super) struct Schema {
    defaults: Vec<Entry>,
    table: Table,
}

impl Schema {
    pub(super) fn new() -> Self {
        let defaults = layer::parse_built_in(DEFAULTS, &Source::Default);
        let mut table = Table::new();
        for Entry { key, value, .. } in &defaults {
            insert(&mut table, key, value.clone());
        }
        Self { defaults, table }
    }

    /// Every key with its default.
    pub(super) fn defaults(&self) -> &[Entry] {
        &self.defaults
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.defaults.iter().map(|entry| entry.key.as_str())
    }

    /// What is wrong with entries, each by itself.
    pub(super) fn problems(&self, entries: &[Entry]) -> Vec<KeyProblem> {
        entries.iter().filter_map(|entry| self.problem(entry)).collect()
    }

    /// The keys that a file does not state.
    pub(super) fn missing(&self, entries: &[Entry], path: &Path) -> Vec<KeyProblem> {
        let stated: BTreeSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        self.keys()
            .filter(|key| !stated.contains(key))
            .map(|key| KeyProblem::Missing { path: path.to_path_buf(), key: key.to_string() })
            .collect()
    }

    fn problem(&self, entry: &Entry) -> Option<KeyProblem> {
        let Entry { key, value, place } = entry;
        let (place, name) = (place.clone(), key.clone());
        if let Some(example) = self.first_key_of(key) {
            let example = format!("{key}.{example}");
            let header = is_empty_table(value);
            (!header).then_some(KeyProblem::Section { place, key: name, example })
        } else if !self.keys().any(|known| known == key) {
            Some(KeyProblem::Unknown { place, key: name, hint: self.hint(key) })
        } else {
            let expected = self.expected_instead(key, value)?;
            Some(KeyProblem::Value { place, key: name, value: shown(value), expected })
        }
    }

    fn first_key_of(&self, section: &str) -> Option<&str> {
        self.keys().find_map(|known| known.strip_prefix(section)?.strip_prefix('.'))
    }

    fn hint(&self, key: &str) -> String {
        match nearest(key, self.keys()) {
            Some(near) => format!("did you mean {near}?"),
            None => "`curl config --env ID` prints every key".to_string(),
        }
    }

    /// What a key takes, if it does not take the value.
    fn expected_instead(&self, key: &str, value: &Value) -> Option<String> {
        let expected = self.try_value(key, value.clone()).err()?;
        let takes_words = self.default_of(key).is_some_and(Value::is_str);
        if takes_words && !value.is_str() {
            // Which words a key takes is only said to a word.
            let word = Value::String(value.to_string());
            return Some(self.try_value(key, word).err().unwrap_or("a string".to_string()));
        }
        Some(expected)
    }

    /// Tries a value among the defaults, which are valid, so that an error is about this key. The
    /// error is what was expected.
    fn try_value(&self, key: &str, value: Value) -> Result<Config, String> {
        let mut table = self.table.clone();
        insert(&mut table, key, value);
        table.try_into().map_err(|error| {
            // Serde's messages, and those of the range types, end in what was expected.
            let message = error.message();
            let expected = message.rsplit_once("expected ").map_or(message, |(_, end)| end);
            expected.replace('`', "\"")
        })
    }

    fn default_of(&self, key: &str) -> Option<&Value> {
        self.defaults.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

/// Whether a value is what a section's header without keys leaves behind.
pub(super) fn is_empty_table(value: &Value) -> bool {
    value.as_table().is_some_and(Table::is_empty)
}

/// Sets a dotted key in a table.
pub(super) fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_string(), value);
        }
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// The candidate that is most like `text`, as a whole or in its last part: people forget the
/// section.
pub(super) fn nearest<'a>(
    text: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_string();
    let similarity = |known: &str| {
        let whole = strsim::normalized_damerau_levenshtein(text, known);
        let in_part = strsim::normalized_damerau_levenshtein(&last(text), &last(known));
        (whole.max(in_part), whole)
    };
    candidates
        .map(|known| (similarity(known), known))
        .filter(|((score, _), _)| *score >= NEAR)
        .max_by(|((a, a_whole), _), ((b, b_whole), _)| {
            a.total_cmp(b).then(a_whole.total_cmp(b_whole))
        })
        .map(|(_, known)| known)
}

/// A value as TOML on one line, not too long.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string().replace('\n', "\\n");
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
