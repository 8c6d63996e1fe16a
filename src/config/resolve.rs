//! From layers to a configuration.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::Config;
use super::error::{ConfigError, KeyProblem};
use super::layer::{self, Entry, Source};
use super::presets;
use super::schema::{self, Schema};

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// Environment id in canonical form.
    pub env: &'a str,
    /// The action repeat of the environment where no preset states one.
    pub default_action_repeat: u64,
    /// If none, the environment's own or that of the defaults.
    pub method: Option<&'a str>,
    pub preset: Option<&'a str>,
    pub file: Option<&'a Path>,
    pub env_steps: Option<u64>,
    pub seed: Option<u64>,
    pub envs: Option<u64>,
    pub eval_envs: Option<u64>,
    /// The interpreter of environments in Python.
    pub python: Option<&'a str>,
    /// `KEY=VALUE` each.
    pub sets: &'a [String],
}

impl<'a> Selection<'a> {
    /// An environment and nothing else.
    pub const fn of(env: &'a str, default_action_repeat: u64) -> Self {
        Self {
            env,
            default_action_repeat,
            method: None,
            preset: None,
            file: None,
            env_steps: None,
            seed: None,
            envs: None,
            eval_envs: None,
            python: None,
            sets: &[],
        }
    }
}

/// A configuration, and where each of its values came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    pub config: Config,
    /// By key path, such as `agent.discount`.
    pub sources: BTreeMap<String, Source>,
}

/// Puts the layers on top of one another and checks the result.
///
/// # Errors
/// All unknown keys and values out of range at once; if there are none, all conflicts between
/// values. A file that cannot be read, an unknown preset or a malformed argument is told alone.
pub fn resolve(selection: &Selection<'_>) -> Result<Resolved, ConfigError> {
    let schema = Schema::new();
    let stated = stated(selection)?;
    let mut problems = schema.problems(&stated);
    problems.extend(stated.iter().filter_map(|entry| other_environment(entry, selection.env)));
    if !problems.is_empty() {
        return Err(ConfigError::Keys(problems));
    }
    let env = Entry {
        key: ENV_ID.to_string(),
        value: Value::String(selection.env.to_string()),
        place: Source::Argument("--env".to_string()),
    };
    merge(schema.defaults().iter().cloned().chain(stated).chain([env]))
}

/// Puts what was asked for on top of the configuration of a run, in place of the defaults and the
/// presets of its environment. `path` is where that was read.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_onto(
    stored: &Config,
    path: &Path,
    selection: &Selection<'_>,
) -> Result<Resolved, ConfigError> {
    let asked = asked(selection)?;
    let mut problems = Schema::new().problems(&asked);
    problems.extend(asked.iter().filter_map(|entry| other_environment(entry, selection.env)));
    if !problems.is_empty() {
        return Err(ConfigError::Keys(problems));
    }
    merge(layer::parse_file(&stored.to_toml(), path)?.into_iter().chain(asked))
}

impl Config {
    /// Reads the file of a stored configuration.
    ///
    /// # Errors
    /// If it cannot be read, and as [`Self::from_toml`].
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        Self::from_toml(&layer::read_file(path)?, path)
    }

    /// Reads a stored configuration, which states every key: what a run did must not come to depend
    /// on the defaults of a later release. `path` is where the text was read, for messages.
    ///
    /// # Errors
    /// If the text is not TOML, or a key is unknown, missing or out of range, or values conflict.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let schema = Schema::new();
        let entries = layer::parse_file(text, path)?;
        let mut problems = schema.problems(&entries);
        problems.extend(schema.missing(&entries, path));
        if !problems.is_empty() {
            return Err(ConfigError::Keys(problems));
        }
        merge(entries).map(|resolved| resolved.config)
    }

    /// The configuration as TOML, every key stated.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("whole numbers are within TOML's range and keys are text")
    }
}

impl Resolved {
    /// The configuration as TOML, with the source of each value as a comment beside it.
    pub fn to_toml(&self) -> String {
        let text = self.config.to_toml();
        let width = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        let mut section = "";
        let mut annotated = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
            }
            let source = line
                .split_once(" = ")
                .and_then(|(name, _)| self.sources.get(&format!("{section}.{name}")));
            match source {
                Some(source) => annotated += &format!("{line:width$}  # {source}\n"),
                None => annotated += &format!("{line}\n"),
            }
        }
        annotated
    }
}

const ENV_ID: &str = "env.id";

/// What the layers above the defaults state, the weakest first.
fn stated(selection: &Selection<'_>) -> Result<Vec<Entry>, ConfigError> {
    let repeat = selection.default_action_repeat.to_string();
    let mut entries = vec![Entry::from_text("env.action_repeat", &repeat, Source::Environment)];
    let task = curl_envs::task(selection.env);
    if let Some(text) = presets::of_environment(task) {
        entries.extend(layer::parse_built_in(text, &Source::Preset(task.to_string())));
    }
    let method = selection.method.or_else(|| presets::own_method(selection.preset, task));
    entries.extend(asked(&Selection { method, ..*selection })?);
    Ok(entries)
}

/// What the arguments state, the weakest first.
fn asked(selection: &Selection<'_>) -> Result<Vec<Entry>, ConfigError> {
    let mut entries = Vec::new();
    if let Some(name) = selection.method {
        let known = || presets::methods().map(|method| method.name);
        let text = presets::of_method(name).ok_or_else(|| unknown("method", name, known()))?;
        entries.extend(layer::parse_built_in(text, &Source::Method(name.to_string())));
    }
    if let Some(name) = selection.preset {
        let known = presets::preset_names;
        let text = presets::named(name).ok_or_else(|| unknown("preset", name, known()))?;
        entries.extend(layer::parse_built_in(text, &Source::Preset(name.to_string())));
    }
    if let Some(path) = selection.file {
        entries.extend(layer::parse_file(&layer::read_file(path)?, path)?);
    }
    for (option, key, value) in [
        ("--env-steps", "train.env_steps", selection.env_steps),
        ("--seed", "train.seed", selection.seed),
        ("--envs", "train.envs", selection.envs),
        ("--eval-envs", "eval.envs", selection.eval_envs),
    ] {
        let place = Source::Argument(option.to_string());
        entries.extend(value.map(|value| Entry::from_text(key, &value.to_string(), place)));
    }
    entries.extend(selection.python.map(|python| Entry {
        key: "env.python".to_string(),
        value: Value::String(python.to_string()),
        place: Source::Argument("--python".to_string()),
    }));
    for set in selection.sets {
        entries.push(layer::parse_set(set)?);
    }
    Ok(entries)
}

/// A file that was made for another environment has that one's action repeat and more, and would
/// not do what it says.
fn other_environment(entry: &Entry, env: &str) -> Option<KeyProblem> {
    if entry.key != ENV_ID || entry.value.as_str() == Some(env) {
        return None;
    }
    Some(KeyProblem::OtherEnvironment {
        place: entry.place.clone(),
        value: schema::shown(&entry.value),
        env: env.to_string(),
    })
}

fn unknown(option: &str, name: &str, known: impl Iterator<Item = &'static str>) -> ConfigError {
    let known: Vec<&str> = known.collect();
    let problem = match schema::nearest(name, known.iter().copied()) {
        Some(near) => format!("no {option} has this name, did you mean {near}?"),
        None => format!("no {option} has this name, there are {}", known.join(", ")),
    };
    ConfigError::Argument { argument: format!("--{option} {name}"), problem }
}

/// Builds the configuration from entries that have no problem of their own and miss no key.
fn merge(entries: impl IntoIterator<Item = Entry>) -> Result<Resolved, ConfigError> {
    let mut table = Table::new();
    let mut sources = BTreeMap::new();
    for Entry { key, value, place } in entries {
        if !schema::is_empty_table(&value) {
            schema::insert(&mut table, &key, value);
            sources.insert(key, place);
        }
    }
    let config: Config = table.try_into().expect("no key is missing and each was checked");
    config.check()?;
    Ok(Resolved { config, sources })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::{CARTPOLE, config_with, preset_choices, resolve_file};
    use super::*;

    #[test]
    fn an_environment_without_a_preset_brings_its_action_repeat() {
        let selection = Selection { env: "dmc:hopper-hop", default_action_repeat: 3, ..CARTPOLE };
        let resolved = resolve(&selection).unwrap();
        assert_eq!(resolved.config.env.action_repeat.get(), 3);
        assert_eq!(resolved.sources["env.action_repeat"], Source::Environment);
    }

    #[test]
    fn later_layers_win_and_each_value_names_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.toml");
        let text =
            "[agent]\ndiscount = 0.9\n\n[train]\nseed = 5\nenv_steps = 20000\nbatch_size = 64\n";
        fs::write(&path, text).unwrap();
        let sets = ["train.seed=7".to_string(), "train.seed=9".to_string()];
        let selection = Selection {
            preset: Some("paper-512"),
            file: Some(&path),
            env_steps: Some(30_000),
            seed: Some(6),
            sets: &sets,
            ..CARTPOLE
        };
        let Resolved { config, sources } = resolve(&selection).unwrap();
        let place = |key: &str| {
            sources[key].to_string().replace(&format!("{}/", folder.path().display()), "")
        };
        assert_eq!(config.train.seed, 9);
        assert_eq!(place("train.seed"), "--set");
        assert_eq!(config.train.env_steps.get(), 30_000);
        assert_eq!(place("train.env_steps"), "--env-steps");
        assert_eq!(config.train.batch_size.get(), 64);
        assert_eq!(place("train.batch_size"), "my.toml:7");
        assert_eq!(config.agent.discount.get(), 0.9);
        assert_eq!(place("agent.discount"), "my.toml:2");
        assert_eq!(place("env.action_repeat"), "preset dmc:cartpole-swingup");
        assert_eq!(place("env.id"), "--env");
        assert_eq!(place("eval.episodes"), "default");

        let named = resolve(&Selection { preset: Some("paper-512"), ..CARTPOLE }).unwrap();
        assert_eq!(named.config.train.batch_size.get(), 512);
        assert_eq!(named.sources["train.batch_size"], Source::Preset("paper-512".to_string()));
    }

    #[test]
    fn every_value_has_a_source_and_the_annotated_text_resolves_to_the_same() {
        let sets = ["agent.contrast.positive=gaussian".to_string()];
        let resolved = resolve(&Selection { sets: &sets, ..CARTPOLE }).unwrap();
        let text = resolved.to_toml();
        assert!(text.contains("positive = \"gaussian\"   "), "{text}");
        let columns: Vec<Option<usize>> = text
            .lines()
            .filter(|line| line.contains(" = "))
            .map(|line| line.find("  # "))
            .collect();
        assert_eq!(columns.len(), resolved.sources.len());
        assert!(columns[0].is_some() && columns.iter().all(|column| *column == columns[0]));
        let again = resolve_file(text.as_bytes()).unwrap();
        assert_eq!(again.config, resolved.config);
    }

    #[test]
    fn a_stored_configuration_comes_back() {
        for env in presets::environment_ids() {
            for preset in preset_choices() {
                let config = resolve(&Selection { env, preset, ..CARTPOLE }).unwrap().config;
                let again = Config::from_toml(&config.to_toml(), Path::new("config.toml"));
                assert_eq!(again.unwrap(), config);
            }
        }
    }

    #[test]
    fn a_stored_configuration_states_every_key_and_no_other() {
        let read = |text: &str| {
            Config::from_toml(text, Path::new("config.toml"))
                .expect_err("it is altered")
                .to_string()
        };
        let text = config_with(&[]).unwrap().to_toml();
        let without: String = text.lines().filter(|line| !line.contains("tau")).map(line).collect();
        assert_eq!(
            read(&without),
            "config.toml: the key agent.encoder.tau is missing\n\
             config.toml: the key agent.critic.tau is missing"
        );
        let extra = format!("{text}colour = 1\n");
        assert!(read(&extra).contains("unknown key checkpoint.colour"));
        let altered = text.replace("discount = 0.99", "discount = 99.0");
        assert!(read(&altered).ends_with("agent.discount = 99.0 is not a number in (0, 1]"));
        assert!(read(&text.replace("size = 100", "size = 84")).contains("frames that are larger"));
        assert!(read("[agent").starts_with("config.toml: TOML parse error at line 1"));
    }

    fn line(line: &str) -> String {
        format!("{line}\n")
    }
}
