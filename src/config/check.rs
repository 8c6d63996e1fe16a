//! What must hold between the values of a configuration.

use super::error::{ConfigError, Conflict};
use super::{
    Config, ContrastAugmentations, ContrastConfig, CriticGradient, Objective, Observed, Positives,
    ReplayCodec, TemporalConfig,
};
use crate::augment::{Augmentation, Pipeline, PipelineError};
use crate::objective::cpc::Negatives;

/// Each rule looks at values of several keys.
const RULES: [fn(&Config) -> Option<Conflict>; 16] = [
    states_are_not_augmented,
    states_are_stored_as_they_are,
    augmentations_fit,
    contrast_augmentations_fit,
    images_fit_encoder,
    convolutions_are_trained,
    views_differ,
    batch_has_negatives,
    windows_reach_ahead,
    sequences_have_negatives,
    positives_in_time_are_real,
    batch_fits_replay,
    batch_fits_warmup,
    warmup_reaches_every_environment,
    log_std_is_ordered,
    run_reaches_updates,
];

/// More than any image has room for.
const MAX_LAYERS: u64 = 64;

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
    fn bounded_values(&self) -> [(&'static str, u64, u64); 20] {
        let (env, agent, train) = (&self.env, &self.agent, &self.train);
        let temporal = &agent.contrast.temporal;
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
            ("train.updates_per_agent_step", train.updates_per_agent_step.get(), 1024),
            ("agent.critic.observation_views", agent.critic.observation_views.get(), 64),
            ("agent.critic.target_views", agent.critic.target_views.get(), 64),
            ("agent.contrast.temporal.window", temporal.window.get(), 65_536),
            ("agent.contrast.temporal.stride", temporal.stride.get(), 65_536),
            ("agent.contrast.temporal.context_dim", temporal.context_dim.get(), 65_536),
            ("agent.encoder.layers", agent.encoder.layers.get(), MAX_LAYERS),
            ("agent.encoder.state_layers", agent.encoder.state_layers.get(), 64),
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
    let contrast = match &config.agent.contrast.augmentations {
        ContrastAugmentations::Own(own) => own.as_slice(),
        ContrastAugmentations::Same(_) => &[],
    };
    let is_state = config.env.observation == Observed::State;
    let keys = [
        ("agent.augmentations", config.agent.augmentations.as_slice()),
        ("agent.contrast.augmentations", contrast),
    ];
    let (key, _) = keys.into_iter().find(|(_, list)| is_state && !list.is_empty())?;
    conflict(
        format!("{key} changes pictures, but env.observation = \"state\" has none"),
        format!("set {key} = []"),
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

fn augmentations_fit(config: &Config) -> Option<Conflict> {
    misfit(config, "agent.augmentations", &config.agent.augmentations)
}

fn contrast_augmentations_fit(config: &Config) -> Option<Conflict> {
    match &config.agent.contrast.augmentations {
        ContrastAugmentations::Own(own) => misfit(config, "agent.contrast.augmentations", own),
        ContrastAugmentations::Same(_) => None,
    }
}

/// Frames are env.render_size and images agent.image_size pixels large.
fn misfit(config: &Config, key: &str, augmentations: &[Augmentation]) -> Option<Conflict> {
    if config.env.observation == Observed::State {
        return None;
    }
    let error = pipeline(config, augmentations).err()?;
    let (frame, image) = (config.env.render_size.get(), config.agent.image_size.get());
    conflict(
        format!("{key} does not lead from env.render_size = {frame} to agent.image_size = {image}"),
        error.to_string(),
    )
}

fn pipeline(config: &Config, augmentations: &[Augmentation]) -> Result<Pipeline, PipelineError> {
    Pipeline::new(augmentations, config.picture_sizes(), config.agent.contrast.sigma.get())
}

fn images_fit_encoder(config: &Config) -> Option<Conflict> {
    let (image, layers) = (config.agent.image_size.get(), config.agent.encoder.layers.get());
    let is_seen = config.env.observation == Observed::Pixels && layers <= MAX_LAYERS;
    if !is_seen || config.agent.encoder.feature_map_size(image).is_some() {
        return None;
    }
    conflict(
        format!("agent.image_size = {image} is too small for agent.encoder.layers = {layers}"),
        format!(
            "raise agent.image_size to at least {}, or lower agent.encoder.layers",
            4 * layers - 1
        ),
    )
}

fn convolutions_are_trained(config: &Config) -> Option<Conflict> {
    let is_trained = config.agent.encoder.critic_gradient == CriticGradient::On
        || config.agent.contrast.objective != Objective::Off;
    if is_trained || config.env.observation == Observed::State {
        return None;
    }
    conflict(
        "agent.encoder.critic_gradient = \"detached\" with agent.contrast.objective = \"off\" leaves nothing \
         that trains the convolutions"
            .to_string(),
        "set agent.encoder.critic_gradient = \"on\", or choose an objective".to_string(),
    )
}

fn views_differ(config: &Config) -> Option<Conflict> {
    let contrast = &config.agent.contrast;
    if !contrast.objective.compares_views() || contrast.positive == Positives::Gaussian {
        return None;
    }
    let augmentations = match &contrast.augmentations {
        ContrastAugmentations::Own(own) => own,
        ContrastAugmentations::Same(_) => &config.agent.augmentations,
    };
    let cause = match config.env.observation {
        Observed::State => "env.observation = \"state\"",
        // What does not fit is told by another rule.
        Observed::Pixels if pipeline(config, augmentations).map_or(true, |it| it.is_random()) => {
            return None;
        }
        Observed::Pixels => "augmentations that leave nothing to chance",
    };
    conflict(
        format!(
            "agent.contrast.positive = \"augmented\" with {cause} makes query and key the same, so that \
             there is nothing to learn from them"
        ),
        "set agent.contrast.positive = \"gaussian\", or agent.contrast.objective = \"off\""
            .to_string(),
    )
}

/// The other keys of a batch are the negatives.
fn batch_has_negatives(config: &Config) -> Option<Conflict> {
    let objective = config.agent.contrast.objective;
    let size = config.train.batch_size.get();
    let (least, of_what) = match objective {
        Objective::Off => return None,
        Objective::Cpc => {
            let window = config.agent.contrast.temporal.window.get();
            (window.saturating_mul(2), format!("two windows of {window}"))
        }
        _ => (2, "negatives".to_string()),
    };
    if size >= least {
        return None;
    }
    conflict(
        format!(
            "train.batch_size = {size} has no room for the {of_what} of agent.contrast.objective"
        ),
        format!("raise train.batch_size to {least}, or set agent.contrast.objective = \"off\""),
    )
}

fn windows_reach_ahead(config: &Config) -> Option<Conflict> {
    let TemporalConfig { window, steps, .. } = &config.agent.contrast.temporal;
    if config.agent.contrast.objective != Objective::Cpc || steps.get() < window.get() {
        return None;
    }
    let (window, steps) = (window.get(), steps.get());
    conflict(
        format!(
            "agent.contrast.temporal.steps = {steps} reaches beyond agent.contrast.temporal.window = \
             {window}: the first observation of a window has {} others ahead",
            window - 1
        ),
        match window {
            1 => format!("raise the window to at least {}", steps.saturating_add(1)),
            _ => "raise the window or lower the steps".to_string(),
        },
    )
}

/// At the largest step ahead a window has to hold two futures, one of which is the other's negative.
fn sequences_have_negatives(config: &Config) -> Option<Conflict> {
    let TemporalConfig { window, steps, negatives, .. } = &config.agent.contrast.temporal;
    let (window, steps) = (window.get(), steps.get());
    let is_alone = *negatives == Negatives::Sequence && steps.checked_add(1) == Some(window);
    if config.agent.contrast.objective != Objective::Cpc || !is_alone {
        return None;
    }
    conflict(
        format!(
            "agent.contrast.temporal.negatives = \"sequence\" has none {steps} steps ahead in an \
             agent.contrast.temporal.window of {window}"
        ),
        format!(
            "raise the window to at least {}, or take other negatives",
            window.saturating_add(1)
        ),
    )
}

/// The positives of a contrast in time are the later observations themselves.
fn positives_in_time_are_real(config: &Config) -> Option<Conflict> {
    let ContrastConfig { objective, positive, .. } = config.agent.contrast;
    if objective != Objective::Cpc || positive == Positives::Augmented {
        return None;
    }
    conflict(
        "agent.contrast.positive = \"gaussian\" makes a view of the same observation, but \
         agent.contrast.objective = \"cpc\" contrasts it with later ones"
            .to_string(),
        "leave agent.contrast.positive = \"augmented\", or choose another objective".to_string(),
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

/// All environments take a step before any of them is stored.
fn warmup_reaches_every_environment(config: &Config) -> Option<Conflict> {
    let (envs, warmup) = (config.train.envs.get(), config.train.warmup_agent_steps.get());
    if envs <= warmup {
        return None;
    }
    conflict(
        format!(
            "train.envs = {envs} exceeds train.warmup_agent_steps = {warmup}, so that there would be updates \
             before the first transition is stored"
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
mod tests;
