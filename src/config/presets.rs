//! The configurations that are built into the program.

/// Every key with its default value.
pub(super) const DEFAULTS: &str = include_str!("../../configs/default.toml");

/// Presets of environments, by canonical id without distractions; a star at its end stands for
/// anything.
const ENVIRONMENTS: [(&str, &str); 7] = [
    ("dmc:ball_in_cup-catch", include_str!("../../configs/dmc/ball_in_cup-catch.toml")),
    ("dmc:cartpole-swingup", include_str!("../../configs/dmc/cartpole-swingup.toml")),
    ("dmc:cheetah-run", include_str!("../../configs/dmc/cheetah-run.toml")),
    ("dmc:finger-spin", include_str!("../../configs/dmc/finger-spin.toml")),
    ("dmc:reacher-easy", include_str!("../../configs/dmc/reacher-easy.toml")),
    ("dmc:walker-walk", include_str!("../../configs/dmc/walker-walk.toml")),
    ("gymnasium:ALE/*", include_str!("../../configs/gymnasium/ale.toml")),
];

/// Presets of `--preset`, by name.
const NAMED: [(&str, &str); 4] = [
    ("debug", include_str!("../../configs/presets/debug.toml")),
    ("him", include_str!("../../configs/presets/him.toml")),
    ("paper-512", include_str!("../../configs/presets/paper-512.toml")),
    ("rad", include_str!("../../configs/presets/rad.toml")),
];

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

/// The preset of a name, if there is one.
pub(super) fn named(name: &str) -> Option<&'static str> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The environments that have a preset.
#[cfg(test)]
pub(super) fn environment_ids() -> impl Iterator<Item = &'static str> {
    ENVIRONMENTS.into_iter().map(|(id, _)| id)
}
