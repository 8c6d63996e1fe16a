//! What the built-in configurations say, and what the errors say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::schema::Schema;
use super::{
    Config, ConfigError, Method, Objective, Resolved, Selection, Source, presets, resolve,
};

pub(super) const CARTPOLE: Selection<'_> = Selection::of("dmc:cartpole-swingup", 4);

/// The defaults for cartpole with some keys set.
pub(super) fn config_with(sets: &[&str]) -> Result<Config, ConfigError> {
    let sets: Vec<String> = sets.iter().map(|set| set.to_string()).collect();
    resolve(&Selection { sets: &sets, ..CARTPOLE }).map(|resolved| resolved.config)
}

fn message(sets: &[&str]) -> String {
    config_with(sets).expect_err("there is a problem").to_string()
}

/// Resolves for cartpole with a file of this text, in a folder that is gone afterwards.
pub(super) fn resolve_file(text: &[u8]) -> Result<Resolved, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    fs::write(&path, text).unwrap();
    let prefix = format!("{}/", folder.path().display());
    resolve(&Selection { file: Some(&path), ..CARTPOLE })
        .map_err(|error| error.to_string().replace(&prefix, ""))
}

#[test]
fn every_default_has_a_comment_above_it() {
    let lines: Vec<&str> = presets::DEFAULTS.lines().collect();
    let bare: Vec<&str> = lines
        .windows(2)
        .filter(|pair| pair[1].contains(" = ") && !pair[1].starts_with('#'))
        .filter(|pair| !pair[0].starts_with('#'))
        .map(|pair| pair[1])
        .collect();
    assert!(bare.is_empty(), "no comment above {bare:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with('[')).count(), 13);
}

#[test]
fn the_defaults_are_those_of_the_paper() {
    let config = config_with(&[]).unwrap();
    assert_eq!(config.env.action_repeat.get(), 8);
    assert_eq!(config.agent.discount.get(), 0.99);
    assert_eq!(config.agent.encoder.tau.get(), 0.05);
    assert_eq!(config.agent.critic.tau.get(), 0.01);
    assert_eq!(config.agent.temperature.beta1.get(), 0.5);
    assert_eq!(config.train.batch_size.get(), 128);
}

#[test]
fn every_preset_resolves_for_every_environment() {
    for env in presets::environment_ids() {
        for preset in preset_choices() {
            let selection = Selection { env, preset, ..CARTPOLE };
            if let Err(error) = resolve(&selection) {
                panic!("{env} with {preset:?}: {error}");
            }
        }
    }
}

/// Methods that are not for the pictures of `cpu-fast`: those of states, and one that crops for the contrast
/// alone. The conflict is told.
const OTHER_PICTURES: [&str; 3] = ["him-state", "sac-state", "curl-contrast-only"];

#[test]
fn every_method_resolves_for_every_environment_and_says_what_it_is() {
    let methods: Vec<Method> = presets::methods().collect();
    for Method { name, summary, source } in &methods {
        assert!(summary.ends_with('.') && source.ends_with('.'), "{name}: {summary} {source}");
        for env in presets::environment_ids() {
            let resolved = resolve(&Selection { env, method: Some(name), ..CARTPOLE });
            let sources = resolved.unwrap_or_else(|error| panic!("{env}, {name}: {error}")).sources;
            let is_named = |source: &Source| *source == Source::Method(name.to_string());
            assert!(sources.values().any(is_named), "{name} states nothing");
            for preset in preset_choices() {
                let resolved = resolve(&Selection { env, method: Some(name), preset, ..CARTPOLE });
                let fits = preset != Some("cpu-fast") || !OTHER_PICTURES.contains(name);
                assert_eq!(resolved.is_ok(), fits, "{env}, {name}, {preset:?}: {resolved:?}");
            }
        }
    }
    let configs = methods.iter().map(|method| {
        let selection = Selection { method: Some(method.name), ..CARTPOLE };
        resolve(&selection).expect("it resolves").config.to_toml()
    });
    let configs: BTreeSet<String> = configs.collect();
    assert_eq!(configs.len(), methods.len(), "no two are the same");
}

#[test]
fn environments_and_presets_have_methods_of_their_own_until_another_is_asked_for() {
    let objective = |env, preset, method| {
        let resolved = resolve(&Selection { env, preset, method, ..CARTPOLE }).unwrap();
        let source = resolved.sources["agent.contrast.objective"].to_string();
        (resolved.config.agent.contrast.objective, source)
    };
    let swing_up = CARTPOLE.env;
    let atc = (Objective::Cpc, "method atc".to_string());
    assert_eq!(objective("gym:CartPole-v1", None, None), atc);
    assert_eq!(objective(swing_up, Some("cpu-fast"), None), atc);
    for (env, preset) in [("gym:CartPole-v1", None), (swing_up, Some("cpu-fast"))] {
        let curl = (Objective::InfoNce, "method curl".to_string());
        assert_eq!(objective(env, preset, Some("curl")), curl);
    }
    assert_eq!(objective(swing_up, None, None), (Objective::InfoNce, "default".to_string()));
}

pub(super) fn preset_choices() -> impl Iterator<Item = Option<&'static str>> {
    presets::preset_names().map(Some).chain([None])
}

#[test]
fn action_repeats_and_learning_rates_are_those_of_table_3() {
    let table: Vec<(&str, u64, f64)> = presets::environment_ids()
        .filter(|env| env.starts_with("dmc:"))
        .map(|env| {
            let config = resolve(&Selection { env, ..CARTPOLE }).unwrap().config;
            let rate = config.agent.encoder.learning_rate;
            assert_eq!(config.agent.critic.learning_rate, rate);
            assert_eq!(config.agent.actor.learning_rate, rate);
            assert_eq!(config.env.id, env);
            (env, config.env.action_repeat.get(), rate.get())
        })
        .collect();
    let expected = [
        ("dmc:ball_in_cup-catch", 4, 1e-3),
        ("dmc:cartpole-swingup", 8, 1e-3),
        ("dmc:cheetah-run", 4, 2e-4),
        ("dmc:finger-spin", 2, 1e-3),
        ("dmc:reacher-easy", 4, 1e-3),
        ("dmc:walker-walk", 2, 1e-3),
    ];
    assert_eq!(table, expected);
}

#[test]
fn distractions_leave_an_environment_its_preset() {
    let [plain, mut distracted] = ["dmc:cheetah-run", "dmc:cheetah-run?color=0.2"]
        .map(|env| resolve(&Selection { env, ..CARTPOLE }).unwrap().config);
    assert_eq!(distracted.env.id, "dmc:cheetah-run?color=0.2");
    distracted.env.id = plain.env.id.clone();
    assert_eq!(distracted, plain);
}

#[test]
fn unknown_keys_name_the_nearest() {
    let cases = [
        ("agent.discout=1", "unknown key agent.discout: did you mean agent.discount?"),
        ("agnet.discount=1", "unknown key agnet.discount: did you mean agent.discount?"),
        ("batch_size=1", "unknown key batch_size: did you mean train.batch_size?"),
        ("agent.discount.x=1", "unknown key agent.discount.x: did you mean agent.discount?"),
        ("zzz=1", "unknown key zzz: `curl config --env ID` prints every key"),
        (
            "agent.encoder=1",
            "agent.encoder is a section and takes no value: set its keys, such as \
             agent.encoder.layers",
        ),
    ];
    for (set, expected) in cases {
        assert_eq!(message(&[set]), format!("--set: {expected}"));
    }
}

#[test]
fn wrong_values_say_what_is_expected() {
    let cases = [
        ("agent.discount=99", "agent.discount = 99 is not a number in (0, 1]"),
        ("agent.discount=nan", "agent.discount = nan is not a number in (0, 1]"),
        ("agent.discount=high", "agent.discount = \"high\" is not a number in (0, 1]"),
        ("agent.discount=[1]", "agent.discount = [1] is not a number in (0, 1]"),
        ("agent.critic.beta1=1", "agent.critic.beta1 = 1 is not a number in [0, 1)"),
        ("agent.contrast.sigma=inf", "agent.contrast.sigma = inf is not a finite number above 0"),
        ("agent.actor.log_std_min=-inf", "agent.actor.log_std_min = -inf is not a finite number"),
        ("train.batch_size=-1", "train.batch_size = -1 is not a whole number of at least 1"),
        ("train.batch_size=1.5", "train.batch_size = 1.5 is not a whole number of at least 1"),
        ("train.seed=-1", "train.seed = -1 is not a whole number from 0 to 2^63 - 1"),
        (
            "agent.precision=half",
            "agent.precision = \"half\" is not one of \"auto\", \"float32\", \"bfloat16\", \"float64\"",
        ),
        (
            "agent.precision=16",
            "agent.precision = 16 is not one of \"auto\", \"float32\", \"bfloat16\", \"float64\"",
        ),
    ];
    for (set, expected) in cases {
        assert_eq!(message(&[set]), format!("--set: {expected}"));
    }
    let long = message(&[&format!("agent.precision={}", "x".repeat(1000))]);
    assert!(long.len() < 200 && long.contains("xxx... is not"), "{long}");
}

#[test]
fn all_problems_of_all_layers_are_told_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    fs::write(&path, "[agent]\ndiscount = 2\n[agent.critic]\ntua = 1\n").unwrap();
    let sets = ["train.seed=x".to_string()];
    let selection = Selection { file: Some(&path), env_steps: Some(0), sets: &sets, ..CARTPOLE };
    let path = path.display();
    assert_eq!(
        resolve(&selection).unwrap_err().to_string(),
        format!(
            "{path}:2: agent.discount = 2 is not a number in (0, 1]\n\
             {path}:4: unknown key agent.critic.tua: did you mean agent.critic.tau?\n\
             --env-steps: train.env_steps = 0 is not a whole number of at least 1\n\
             --set: train.seed = \"x\" is not a whole number from 0 to 2^63 - 1"
        )
    );
}

#[test]
fn the_short_options_know_the_range_too() {
    let selection = Selection { seed: Some(u64::MAX), ..CARTPOLE };
    assert_eq!(
        resolve(&selection).unwrap_err().to_string(),
        "--seed: train.seed = \"18446744073709551615\" is not a whole number from 0 to 2^63 - 1"
    );
}

#[test]
fn a_file_for_another_environment_is_refused() {
    let error = resolve_file(b"[env]\nid = \"dmc:cheetah-run\"\n").unwrap_err();
    assert_eq!(
        error,
        "my.toml:2: env.id = \"dmc:cheetah-run\" is not dmc:cartpole-swingup, the environment of \
         --env: remove the key or change --env"
    );
    resolve_file(b"[env]\nid = \"dmc:cartpole-swingup\"\n").unwrap();
}

#[test]
fn unreadable_files_say_why() {
    let problem = |text: &[u8]| resolve_file(text).unwrap_err();
    assert_eq!(problem(b"\xff"), "my.toml is not a configuration: it is not UTF-8 text");
    let huge = vec![b'#'; (1 << 20) + 1];
    assert_eq!(problem(&huge), "my.toml is not a configuration: it is larger than 1 MiB");
    assert!(problem(b"a = \n").starts_with("my.toml: TOML parse error at line 1, column 5\n"));
    assert!(problem(b"[train]\nseed = 1\nseed = 2\n").contains("line 3"));
    let digits = problem(b"\n[train]\nseed = 99999999999999999999\n");
    assert!(digits.starts_with("my.toml: TOML parse error at line 3"), "{digits}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let error = resolve(&Selection { file: Some(path), ..CARTPOLE }).unwrap_err();
    let expected = format!(
        "{} is not a configuration: it is a folder; name the TOML file in it",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    let gone = path.join("gone.toml");
    let error = resolve(&Selection { file: Some(&gone), ..CARTPOLE }).unwrap_err().to_string();
    let start = format!("cannot read the configuration {}: No such file", gone.display());
    assert!(error.starts_with(&start), "{error}");
}

#[test]
fn an_unknown_preset_names_the_nearest_or_all() {
    let error = |name| {
        let selection = Selection { preset: Some(name), ..CARTPOLE };
        resolve(&selection).unwrap_err().to_string()
    };
    assert_eq!(
        error("paper-521"),
        "--preset paper-521: no preset has this name, did you mean paper-512?"
    );
    assert_eq!(
        error("zzz"),
        "--preset zzz: no preset has this name, there are cpu-fast, debug, paper-512"
    );
}

/// Values of every kind that TOML has, and of none.
const VALUES: [&str; 15] = [
    "\"text\"",
    "",
    "-1",
    "0",
    "1",
    "nan",
    "-inf",
    "1e308",
    "9223372036854775807",
    "99999999999999999999",
    "true",
    "[1]",
    "{a = 1}",
    "1979-05-27",
    "\"\"\"\na\"\"\"",
];

#[test]
fn no_value_of_any_key_panics_and_what_resolves_can_be_stored() {
    for entry in Schema::new().defaults() {
        for value in VALUES {
            let set = format!("{}={value}", entry.key);
            match config_with(&[&set]) {
                Ok(config) => {
                    let again = Config::from_toml(&config.to_toml(), Path::new("x"));
                    assert_eq!(again.unwrap(), config);
                }
                Err(error) => assert!(error.to_string().contains(&entry.key), "{set}: {error}"),
            }
        }
    }
}

#[test]
fn no_value_of_any_key_panics_where_a_stored_configuration_is_read() {
    let stored = config_with(&[]).unwrap().to_toml();
    for entry in Schema::new().defaults() {
        let name = entry.key.rsplit('.').next().unwrap_or_default();
        for value in VALUES {
            let altered = |line: &str| match line.split_once(" = ") {
                Some((key, _)) if key == name => format!("{key} = {value}\n"),
                _ => format!("{line}\n"),
            };
            let text: String = stored.lines().map(altered).collect();
            if let Ok(config) = Config::from_toml(&text, Path::new("x")) {
                assert_eq!(Config::from_toml(&config.to_toml(), Path::new("x")).unwrap(), config);
            }
        }
    }
    let number = stored.replace("id = \"dmc:cartpole-swingup\"", "id = 5");
    let error = Config::from_toml(&number, Path::new("x")).unwrap_err();
    assert_eq!(error.to_string(), "x:2: env.id = 5 is not a string");
}
