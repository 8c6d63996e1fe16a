//! The configurations that are built into the program.

/// Every key with its default value.
pub(super) const DEFAULTS: &str = include_str!("../../configs/default.toml");

/// Presets of environments, by canonical id without distractions; a star at its end stands for
/// anything.
const ENVIRONMENTS: [(&str, &str); 8] = [
    ("dmc:ball_in_cup-catch", include_str!("../../configs/dmc/ball_in_cup-catch.toml")),
    ("dmc:cartpole-swingup", include_str!("../../configs/dmc/cartpole-swingup.toml")),
    ("dmc:cheetah-run", include_str!("../../configs/dmc/cheetah-run.toml")),
    ("dmc:finger-spin", include_str!("../../configs/dmc/finger-spin.toml")),
    ("dmc:reacher-easy", include_str!("../../configs/dmc/reacher-easy.toml")),
    ("dmc:walker-walk", include_str!("../../configs/dmc/walker-walk.toml")),
    ("gym:CartPole-v1", include_str!("../../configs/gym/cartpole.toml")),
    ("gymnasium:ALE/*", include_str!("../../configs/gymnasium/ale.toml")),
];

/// Presets of `--preset`, by name.
const NAMED: [(&str, &str); 3] = [
    ("cpu-fast", include_str!("../../configs/presets/cpu-fast.toml")),
    ("debug", include_str!("../../configs/presets/debug.toml")),
    ("paper-512", include_str!("../../configs/presets/paper-512.toml")),
];

/// Presets of `--method`, by name.
const METHODS: [(&str, &str); 17] = [
    ("curl", include_str!("../../configs/methods/curl.toml")),
    ("him", include_str!("../../configs/methods/him.toml")),
    ("him-state", include_str!("../../configs/methods/him-state.toml")),
    ("sac-state", include_str!("../../configs/methods/sac-state.toml")),
    ("sac-pixel", include_str!("../../configs/methods/sac-pixel.toml")),
    ("rad", include_str!("../../configs/methods/rad.toml")),
    ("drq", include_str!("../../configs/methods/drq.toml")),
    ("curl-contrast-only", include_str!("../../configs/methods/curl-contrast-only.toml")),
    ("curl-cosine", include_str!("../../configs/methods/curl-cosine.toml")),
    ("curl-no-ema", include_str!("../../configs/methods/curl-no-ema.toml")),
    ("curl-detach", include_str!("../../configs/methods/curl-detach.toml")),
    ("triplet", include_str!("../../configs/methods/triplet.toml")),
    ("margin", include_str!("../../configs/methods/margin.toml")),
    ("exponential", include_str!("../../configs/methods/exponential.toml")),
    ("cpc", include_str!("../../configs/methods/cpc.toml")),
    ("tcl", include_str!("../../configs/methods/tcl.toml")),
    ("atc", include_str!("../../configs/methods/atc.toml")),
];

/// Methods of environments, by canonical id without distractions. CartPole's fall hangs on how fast the pole
/// moves, of which two views of one frame teach nothing (docs/benchmarks/learning.md).
const METHODS_OF_ENVIRONMENTS: [(&str, &str); 1] = [("gym:CartPole-v1", "atc")];

/// Methods of presets, where none is asked for.
const METHODS_OF_PRESETS: [(&str, &str); 1] = [("cpu-fast", "atc")];

/// A method that has a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    pub name: &'static str,
    /// What it is, in a sentence.
    pub summary: &'static str,
    /// The papers that it comes from.
    pub source: &'static str,
}

/// The methods that `--method` takes.
pub fn methods() -> impl Iterator<Item = Method> {
    METHODS.into_iter().map(|(name, text)| {
        let mut comments = text.lines().map_while(|line| line.strip_prefix("# "));
        let summary = comments.next().unwrap_or_default();
        let source = comments.next().and_then(|line| line.strip_prefix("Source: "));
        Method { name, summary, source: source.unwrap_or_default() }
    })
}

/// The names that `--preset` takes.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    NAMED.into_iter().map(|(name, _)| name)
}

/// The preset of an environment, if it has one.
pub(super) fn of_environment(id: &str) -> Option<&'static str> {
    let fits = |known: &str| match known.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == known,
    };
    ENVIRONMENTS.iter().find(|(known, _)| fits(known)).map(|(_, text)| *text)
}

/// The method that is trained with where none is asked for, if the preset or else the environment has its own.
pub(super) fn own_method(preset: Option<&str>, env: &str) -> Option<&'static str> {
    let of_preset = preset.and_then(|name| find(&METHODS_OF_PRESETS, name));
    of_preset.or_else(|| find(&METHODS_OF_ENVIRONMENTS, env))
}

/// The preset of a name, if there is one.
pub(super) fn named(name: &str) -> Option<&'static str> {
    find(&NAMED, name)
}

/// The preset of a method, if there is one.
pub(super) fn of_method(name: &str) -> Option<&'static str> {
    find(&METHODS, name)
}

fn find(presets: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    presets.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The environments that have a preset.
#[cfg(test)]
pub(super) fn environment_ids() -> impl Iterator<Item = &'static str> {
    ENVIRONMENTS.into_iter().map(|(id, _)| id)
}
