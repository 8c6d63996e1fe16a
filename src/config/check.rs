//! What must hold between the values of a configuration.

use super::error::{ConfigError, Conflict};
use super::{Augmentation, Config, Objective, Observed, Positives, ReplayCodec};

/// Each rule looks at values of several keys.
const RULES: [fn(&Config) -> Option<Conflict>; 10] = [
    states_are_not_augmented,
    states_are_stored_as_they_are,
    frames_fit_images,
    images_fit_encoder,
    views_differ,
    batch_has_negatives,
    batch_fits_replay,
    batch_fits_warmup,
    log_std_is_ordered,
    run_reaches_updates,
];

impl Config {
    /// Checks what no single value shows.
    ///
    /// # Errors
    /// [`ConfigError::Conflicts`] with every conflict and its remedy.
    pub fn check(&self) -> Result<(), ConfigError> {
        let conflicts: Vec<Conflict> = RULES
            .iter()
            .filter_map(|rule| rule(self))
            .chain(self.bounded_values().into_iter().filter_map(too_large))
            .collect();
        if conflicts.is_empty() { Ok(()) } else { Err(ConfigError::Conflicts(conflicts)) }
    }

    /// Values that sizes in memory and the numbers of random streams are computed from, with bounds far
    /// beyond any use, so that their products stay within 64 bits.
    fn bounded_values(&self) -> [(&'static str, u64, u64); 12] {
        let (env, agent, train) = (&self.env, &self.agent, &self.train);
        [
            ("env.frame_stack", env.frame_stack.get(), 64),
            ("env.render_size", env.render_size.get(), 4096),
            ("replay.capacity", self.replay.capacity.get(), 1_000_000_000),
            ("agent.image_size", agent.image_size.get(), 4096),
            ("agent.hidden_dim", agent.hidden_dim.get(), 65_536),
            ("agent.encoder.filters", agent.encoder.filters.get(), 4096),
            ("agent.encoder.feature_dim", agent.encoder.feature_dim.get(), 65_536),
            ("train.batch_size", train.batch_size.get(), 65_536),
            ("train.threads", train.threads, 4096),
            ("train.envs", train.envs.get(), 256),
            ("eval.episodes", self.eval.episodes.get(), 1_000_000),
            ("eval.envs", self.eval.envs.get(), 256),
        ]
    }
}

fn conflict(problem: String, remedy: String) -> Option<Conflict> {
    Some(Conflict { problem, remedy })
}

fn too_large((key, value, limit): (&str, u64, u64)) -> Option<Conflict> {
    if value <= limit {
        return None;
    }
    conflict(format!("{key} = {value} is above {limit}"), format!("lower {key}"))
}

fn states_are_not_augmented(config: &Config) -> Option<Conflict> {
    if config.env.observation == Observed::Pixels || config.agent.augmentation == Augmentation::None
    {
        return None;
    }
    conflict(
        "agent.augmentation changes pictures, but env.observation = \"state\" has none".to_string(),
        "set agent.augmentation = \"none\"".to_string(),
    )
}

fn states_are_stored_as_they_are(config: &Config) -> Option<Conflict> {
    if config.env.observation == Observed::Pixels || config.replay.codec != ReplayCodec::Delta {
        return None;
    }
    conflict(
        "replay.codec = \"delta\" compresses pictures, but env.observation = \"state\" has none"
            .to_string(),
        "set replay.codec = \"auto\"".to_string(),
    )
}

/// The top left corner of a crop is drawn from 0 to render_size - image_size, the end excluded.
fn frames_fit_images(config: &Config) -> Option<Conflict> {
    let (frame, image) = (config.env.render_size.get(), config.agent.image_size.get());
    if config.env.observation == Observed::State {
        return None;
    }
    match config.agent.augmentation {
        Augmentation::Crop if frame <= image => conflict(
            format!("env.render_size = {frame} leaves no room to crop agent.image_size = {image}"),
            format!(
                "raise env.render_size (the paper has 100 for 84), or lower agent.image_size below \
                 {frame}, or set both equal and agent.augmentation = \"none\""
            ),
        ),
        Augmentation::None if frame != image => conflict(
            format!(
                "agent.augmentation = \"none\" shows whole frames, but env.render_size = {frame} and \
                 agent.image_size = {image} differ"
            ),
            format!("set env.render_size = {image}"),
        ),
        _ => None,
    }
}

fn images_fit_encoder(config: &Config) -> Option<Conflict> {
    let (image, layers) = (config.agent.image_size.get(), config.agent.encoder.layers.get());
    let is_seen = config.env.observation == Observed::Pixels;
    if !is_seen || config.agent.encoder.feature_map_size(image).is_some() {
        return None;
    }
    conflict(
        format!("agent.image_size = {image} is too small for agent.encoder.layers = {layers}"),
        format!(
            "raise agent.image_size to at least {}, or lower agent.encoder.layers",
            layers.saturating_mul(4).saturating_sub(1)
        ),
    )
}

fn views_differ(config: &Config) -> Option<Conflict> {
    let (agent, contrast) = (&config.agent, &config.agent.contrast);
    if contrast.objective == Objective::Off || contrast.positive == Positives::Gaussian {
        return None;
    }
    let frame = config.env.render_size.get();
    let cause = match agent.augmentation {
        _ if config.env.observation == Observed::State => "env.observation = \"state\"".to_string(),
        Augmentation::None => "agent.augmentation = \"none\"".to_string(),
        Augmentation::Crop if frame.checked_sub(agent.image_size.get()) == Some(1) => {
            format!("the one crop position that env.render_size = {frame} leaves")
        }
        Augmentation::Crop => return None,
    };
    conflict(
        format!(
            "agent.contrast.positive = \"crop\" with {cause} makes query and key the same, so that there \
             is nothing to learn from them"
        ),
        "set agent.contrast.positive = \"gaussian\", or agent.contrast.objective = \"off\""
            .to_string(),
    )
}

/// The other keys of a batch are the negatives.
fn batch_has_negatives(config: &Config) -> Option<Conflict> {
    let alone = config.train.batch_size.get() == 1;
    if !alone || config.agent.contrast.objective == Objective::Off {
        return None;
    }
    conflict(
        "train.batch_size = 1 leaves agent.contrast.objective = \"info-nce\" without negatives"
            .to_string(),
        "raise train.batch_size, or set agent.contrast.objective = \"off\"".to_string(),
    )
}

fn batch_fits_replay(config: &Config) -> Option<Conflict> {
    let (batch, capacity) = (config.train.batch_size.get(), config.replay.capacity.get());
    if batch <= capacity {
        return None;
    }
    conflict(
        format!("train.batch_size = {batch} exceeds replay.capacity = {capacity}"),
        "lower the one or raise the other".to_string(),
    )
}

fn batch_fits_warmup(config: &Config) -> Option<Conflict> {
    let (batch, warmup) = (config.train.batch_size.get(), config.train.warmup_agent_steps.get());
    if batch <= warmup {
        return None;
    }
    conflict(
        format!(
            "train.batch_size = {batch} exceeds train.warmup_agent_steps = {warmup}, after which the \
             first batch is sampled"
        ),
        "lower the one or raise the other".to_string(),
    )
}

fn log_std_is_ordered(config: &Config) -> Option<Conflict> {
    let (min, max) = (config.agent.actor.log_std_min, config.agent.actor.log_std_max);
    if min < max {
        return None;
    }
    conflict(
        format!("agent.actor.log_std_min = {min} is not below agent.actor.log_std_max = {max}"),
        "lower the one or raise the other".to_string(),
    )
}

fn run_reaches_updates(config: &Config) -> Option<Conflict> {
    let (train, repeat) = (&config.train, config.env.action_repeat.get());
    let (env_steps, warmup) = (train.env_steps.get(), train.warmup_agent_steps.get());
    if env_steps.div_ceil(repeat) > warmup {
        return None;
    }
    conflict(
        format!(
            "train.env_steps = {env_steps} ends within train.warmup_agent_steps = {warmup} (of \
             env.action_repeat = {repeat} env steps each), so that nothing is learned"
        ),
        format!(
            "raise train.env_steps above {}, or lower train.warmup_agent_steps (and train.batch_size \
             with it)",
            warmup.saturating_mul(repeat)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::config_with;

    /// The conflicts of the defaults for cartpole with some keys set, one a line.
    fn conflicts(sets: &[&str]) -> String {
        config_with(sets).expect_err("there is a conflict").to_string()
    }

    #[test]
    fn crops_need_room() {
        for size in [84, 60] {
            assert_eq!(
                conflicts(&[&format!("env.render_size={size}")]),
                format!(
                    "env.render_size = {size} leaves no room to crop agent.image_size = 84: raise \
                     env.render_size (the paper has 100 for 84), or lower agent.image_size below {size}, \
                     or set both equal and agent.augmentation = \"none\""
                )
            );
        }
    }

    #[test]
    fn whole_frames_need_equal_sizes() {
        let sets = ["agent.augmentation=none", "agent.contrast.positive=gaussian"];
        assert_eq!(
            conflicts(&sets),
            "agent.augmentation = \"none\" shows whole frames, but env.render_size = 100 and \
             agent.image_size = 84 differ: set env.render_size = 84"
        );
        config_with(&[sets[0], sets[1], "env.render_size=84"]).unwrap();
    }

    #[test]
    fn equal_views_are_refused_where_they_would_be_contrasted() {
        let whole = ["agent.augmentation=none", "env.render_size=84"];
        assert_eq!(
            conflicts(&whole),
            "agent.contrast.positive = \"crop\" with agent.augmentation = \"none\" makes query and key \
             the same, so that there is nothing to learn from them: set agent.contrast.positive = \
             \"gaussian\", or agent.contrast.objective = \"off\""
        );
        config_with(&[whole[0], whole[1], "agent.contrast.objective=off"]).unwrap();
        assert!(conflicts(&["env.render_size=85"]).contains("the one crop position"));
        config_with(&["env.render_size=86"]).unwrap();
    }

    #[test]
    fn states_are_neither_cropped_nor_compressed() {
        let text = conflicts(&["env.observation=state", "replay.codec=delta"]);
        for conflict in [
            "agent.augmentation changes pictures",
            "replay.codec = \"delta\" compresses pictures",
            "agent.contrast.positive = \"crop\" with env.observation = \"state\" makes query and key \
             the same",
        ] {
            assert!(text.contains(conflict), "{text}");
        }
        let state = ["env.observation=state", "agent.augmentation=none"];
        config_with(&[state[0], state[1], "agent.contrast.positive=gaussian"]).unwrap();
        config_with(&[state[0], state[1], "agent.contrast.objective=off", "env.render_size=3"])
            .unwrap();
    }

    #[test]
    fn images_must_outlast_the_convolutions() {
        assert_eq!(
            conflicts(&["agent.image_size=14"]),
            "agent.image_size = 14 is too small for agent.encoder.layers = 4: raise agent.image_size to \
             at least 15, or lower agent.encoder.layers"
        );
        config_with(&["agent.image_size=15"]).unwrap();
        assert!(conflicts(&["agent.encoder.layers=9223372036854775807"]).contains("too small"));
    }

    #[test]
    fn batches_must_be_there_when_they_are_sampled() {
        assert_eq!(
            conflicts(&["replay.capacity=100"]),
            "train.batch_size = 128 exceeds replay.capacity = 100: lower the one or raise the other"
        );
        assert_eq!(
            conflicts(&["train.warmup_agent_steps=127"]),
            "train.batch_size = 128 exceeds train.warmup_agent_steps = 127, after which the first batch \
             is sampled: lower the one or raise the other"
        );
        assert!(conflicts(&["train.batch_size=1"]).contains("without negatives"));
        config_with(&["train.batch_size=1", "agent.contrast.objective=off"]).unwrap();
    }

    #[test]
    fn a_run_must_outlast_its_warm_up() {
        assert_eq!(
            conflicts(&["train.env_steps=8000"]),
            "train.env_steps = 8000 ends within train.warmup_agent_steps = 1000 (of env.action_repeat = \
             8 env steps each), so that nothing is learned: raise train.env_steps above 8000, or lower \
             train.warmup_agent_steps (and train.batch_size with it)"
        );
        config_with(&["train.env_steps=8001"]).unwrap();
    }

    #[test]
    fn the_range_of_log_std_must_not_be_empty() {
        assert_eq!(
            conflicts(&["agent.actor.log_std_min=2"]),
            "agent.actor.log_std_min = 2 is not below agent.actor.log_std_max = 2: lower the one or \
             raise the other"
        );
    }

    #[test]
    fn all_conflicts_are_told_at_once() {
        let text = conflicts(&["train.batch_size=70000", "env.render_size=5000"]);
        let starts: Vec<&str> =
            text.lines().map(|line| line.split(" = ").next().unwrap_or_default()).collect();
        let batch = "train.batch_size";
        assert_eq!(starts, [batch, "env.render_size", batch]);
    }
}
