//! One layer of a configuration: the keys that a file, a preset or an argument states, each with
//! the place where it stands.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::Error;
use toml::Value;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::error::ConfigError;

/// A configuration is a page of text; a file beyond this is a mistake.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// So is a text with more keys or with longer ones. Sections multiply a key's length, so that a file
/// within the limit could still become gigabytes of keys.
const MAX_KEYS: usize = 1000;
const MAX_KEY_BYTES: usize = 200;
/// Of a key that is too long.
const SHOWN_CHARS: usize = 60;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `configs/default.toml`.
    Default,
    /// What the environment says about itself.
    Environment,
    /// A built-in preset, an environment's own (by its id) or one of `--preset`.
    Preset(String),
    /// A preset of `--method`.
    Method(String),
    File {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// An option of the command line, such as `--set`.
    Argument(String),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(out, "default"),
            Self::Environment => write!(out, "environment"),
            Self::Preset(name) => write!(out, "preset {name}"),
            Self::Method(name) => write!(out, "method {name}"),
            // A line break in a file's name must not end the comment that this is printed in.
            Self::File { path, line } => {
                write!(out, "{}:{line}", path.display().to_string().replace(char::is_control, "?"))
            }
            Self::Argument(option) => write!(out, "{option}"),
        }
    }
}

/// One key with a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Path of the key, such as `agent.discount`.
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) place: Source,
}

impl Entry {
    /// A key with a value written as text. What is no TOML value is a bare word: a string.
    pub(super) fn from_text(key: &str, value: &str, place: Source) -> Self {
        let value = value.parse().unwrap_or_else(|_| Value::String(value.to_string()));
        Self { key: key.to_string(), value, place }
    }
}

/// The keys of a built-in text.
pub(super) fn parse_built_in(text: &str, place: &Source) -> Vec<Entry> {
    parse(text, |_| place.clone()).expect("what is built in is tested to be valid TOML")
}

/// The keys of a file's text.
pub(super) fn parse_file(text: &str, path: &Path) -> Result<Vec<Entry>, ConfigError> {
    parse(text, |line| Source::File { path: path.to_path_buf(), line }).map_err(|error| {
        let message = error.to_string().trim_end().to_string();
        ConfigError::Syntax { path: path.to_path_buf(), message }
    })
}

/// The keys of a TOML text in dotted form, from top to bottom. `place` turns a line into a source.
fn parse(text: &str, place: impl Fn(usize) -> Source) -> Result<Vec<Entry>, toml::de::Error> {
    let table = DeTable::parse(text)?;
    let mut found = Vec::new();
    flatten(table.get_ref(), "", &mut found).map_err(|mut error| {
        error.set_input(Some(text));
        error
    })?;
    found.sort_by_key(|(start, ..)| *start);
    let (mut line, mut counted) = (1, 0);
    let entry = |(start, key, value)| {
        line += text[counted..start].matches('\n').count();
        counted = start;
        Entry { key, value, place: place(line) }
    };
    Ok(found.into_iter().map(entry).collect())
}

/// Finds every value that is not a table, and every empty table so that nothing goes unnoticed,
/// with the position of its key.
fn flatten(
    table: &DeTable<'_>,
    section: &str,
    found: &mut Vec<(usize, String, Value)>,
) -> Result<(), toml::de::Error> {
    for (name, value) in table {
        let key = join(section, name.get_ref());
        check_size(&key, found.len()).map_err(toml::de::Error::custom)?;
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => flatten(inner, &key, found)?,
            _ => {
                let value = Value::deserialize(ValueDeserializer::from(value.clone()))?;
                found.push((name.span().start, key, value));
            }
        }
    }
    Ok(())
}

/// Refuses a key that no configuration has, before more are made of it.
fn check_size(key: &str, found: usize) -> Result<(), String> {
    let len = key.len();
    if len > MAX_KEY_BYTES {
        let start: String = key.chars().take(SHOWN_CHARS).collect();
        Err(format!("the key {start}... has {len} bytes, none of ours has {MAX_KEY_BYTES}"))
    } else if found == MAX_KEYS {
        Err(format!("it states more than {MAX_KEYS} keys, which no configuration has"))
    } else {
        Ok(())
    }
}

/// Quotes what is not a bare key, so that `"agent.discount"` stays another key than
/// `agent.discount`.
fn join(section: &str, name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = if !name.is_empty() && name.chars().all(is_bare) {
        name.to_string()
    } else {
        format!("{name:?}")
    };
    if section.is_empty() { name } else { format!("{section}.{name}") }
}

/// Reads a configuration file, a pipe included.
pub(super) fn read_file(path: &Path) -> Result<String, ConfigError> {
    let not = |problem: &str| ConfigError::NotAConfiguration {
        path: path.to_path_buf(),
        problem: problem.to_string(),
    };
    if path.is_dir() {
        return Err(not("it is a folder; name the TOML file in it"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(not("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| not("it is not UTF-8 text"))
}

/// The key of a `--set KEY=VALUE`.
pub(super) fn parse_set(text: &str) -> Result<Entry, ConfigError> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok(Entry::from_text(key.trim(), value.trim(), Source::Argument("--set".to_string())))
        }
        _ => Err(ConfigError::Argument {
            argument: format!("--set {text}"),
            problem: "write KEY=VALUE, such as agent.discount=0.98".to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        parse_set(text).unwrap().value
    }

    #[test]
    fn a_text_that_would_grow_without_bounds_is_refused() {
        let refused = |text: &str| {
            let error = parse_file(text, Path::new("x.toml")).unwrap_err().to_string();
            assert!(error.len() < 300, "{error}");
            error
        };
        let keys: String = (0..100_000).map(|n| format!("k{n}=1\n")).collect();
        let error = refused(&keys);
        assert_eq!(error, "x.toml: it states more than 1000 keys, which no configuration has");
        let section = format!("[{}]\n{keys}", "s".repeat(500_000));
        assert!(refused(&section).ends_with("has 500000 bytes, none of ours has 200"));
        let deep = format!("{}=1\n", ["s"; 100_000].join("."));
        assert!(refused(&deep).contains("recursion limit"));
    }

    #[test]
    fn keys_are_dotted_and_know_their_lines() {
        let text = "a.b = 1\n\n[c]\nd = { e = 2 }\n\"f.g\" = 3\n[h]\n";
        let entries = parse(text, |line| Source::File { path: "x".into(), line }).unwrap();
        let found: Vec<String> =
            entries.iter().map(|entry| format!("{} {}", entry.place, entry.key)).collect();
        assert_eq!(found, ["x:1 a.b", "x:4 c.d.e", "x:5 c.\"f.g\"", "x:6 h"]);
    }

    #[test]
    fn a_set_value_is_toml_or_a_bare_word() {
        assert_eq!(value("a=0.5"), Value::Float(0.5));
        assert_eq!(value("a = 5"), Value::Integer(5));
        assert_eq!(value("a=gaussian"), Value::String("gaussian".into()));
        assert_eq!(value("a=\"gaussian\""), Value::String("gaussian".into()));
        assert_eq!(value("a=b=c"), Value::String("b=c".into()));
        assert_eq!(value("a=1\nb = 2"), Value::String("1\nb = 2".into()));
        assert_eq!(value("a="), Value::String(String::new()));
    }

    #[test]
    fn a_set_without_a_key_or_value_is_refused() {
        for text in ["agent.discount", "=1", ""] {
            let error = parse_set(text).unwrap_err().to_string();
            let expected = format!("--set {text}: write KEY=VALUE, such as agent.discount=0.98");
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn a_line_break_in_a_path_stays_on_the_line() {
        let source = Source::File { path: "a\nb".into(), line: 3 };
        assert_eq!(source.to_string(), "a?b:3");
    }
}
