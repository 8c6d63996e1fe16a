//! Which values refuse each other, and what is said then.

use super::super::tests::config_with;

/// The conflicts of the defaults for cartpole with some keys set, one a line.
fn conflicts(sets: &[&str]) -> String {
    config_with(sets).expect_err("there is a conflict").to_string()
}

#[test]
fn crops_need_room() {
    for size in [84, 60] {
        let text = conflicts(&[&format!("env.render_size={size}")]);
        let start = format!(
            "agent.augmentations does not lead from env.render_size = {size} to agent.image_size = 84: \
             crop takes images from frames that are larger"
        );
        assert!(text.starts_with(&start), "{text}");
    }
}

#[test]
fn whole_frames_need_equal_sizes() {
    let sets = ["agent.augmentations=[]", "agent.contrast.positive=gaussian"];
    let text = conflicts(&sets);
    assert!(text.contains("make both equal, or put crop first"), "{text}");
    config_with(&[sets[0], sets[1], "env.render_size=84"]).unwrap();
    let own = conflicts(&["agent.contrast.augmentations=[\"flip\"]"]);
    assert!(own.starts_with("agent.contrast.augmentations does not lead"), "{own}");
}

#[test]
fn equal_views_are_refused_where_they_would_be_contrasted() {
    let whole = ["agent.augmentations=[]", "env.render_size=84"];
    assert_eq!(
        conflicts(&whole),
        "agent.contrast.positive = \"augmented\" with augmentations that leave nothing to chance makes \
         query and key the same, so that there is nothing to learn from them: set \
         agent.contrast.positive = \"gaussian\", or agent.contrast.objective = \"off\""
    );
    config_with(&[whole[0], whole[1], "agent.contrast.objective=off"]).unwrap();
    config_with(&["agent.augmentations=[\"shift\"]", whole[1]]).unwrap();
    assert!(conflicts(&["env.render_size=85"]).contains("nothing to chance"));
    assert!(conflicts(&["agent.augmentations=[\"centre-crop\"]"]).contains("nothing to chance"));
    config_with(&["env.render_size=86"]).unwrap();
    let own = "agent.contrast.augmentations=[\"crop\"]";
    config_with(&["agent.augmentations=[\"centre-crop\"]", own]).unwrap();
}

#[test]
fn a_contrast_in_time_needs_windows_that_reach_ahead() {
    let cpc = "agent.contrast.objective=cpc";
    config_with(&[cpc]).unwrap();
    for (set, problem) in [
        ("agent.contrast.temporal.window=1", "raise the window to at least 5"),
        ("agent.contrast.temporal.steps=8", "has 7 others ahead"),
        ("agent.contrast.positive=gaussian", "contrasts it with later ones"),
        ("train.batch_size=15", "two windows of 8"),
    ] {
        let text = conflicts(&[cpc, set]);
        assert!(text.contains(problem), "{text}");
    }
}

#[test]
fn states_are_neither_cropped_nor_compressed() {
    let text = conflicts(&["env.observation=state", "replay.codec=delta"]);
    for conflict in [
        "agent.augmentations changes pictures",
        "replay.codec = \"delta\" compresses pictures",
        "agent.contrast.positive = \"augmented\" with env.observation = \"state\" makes query and key \
         the same",
    ] {
        assert!(text.contains(conflict), "{text}");
    }
    let state = ["env.observation=state", "agent.augmentations=[]"];
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
    assert_eq!(
        conflicts(&["agent.encoder.layers=9223372036854775807"]),
        "agent.encoder.layers = 9223372036854775807 is above 64: lower agent.encoder.layers"
    );
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
    assert!(conflicts(&["train.batch_size=1"]).contains("no room for the negatives"));
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
fn each_environment_takes_a_step_of_the_warm_up() {
    let sets = ["train.envs=32", "train.warmup_agent_steps=31", "train.batch_size=16"];
    let text = conflicts(&sets);
    assert!(text.starts_with("train.envs = 32 exceeds train.warmup_agent_steps = 31"), "{text}");
    config_with(&["train.envs=31", sets[1], sets[2]]).unwrap();
}

#[test]
fn something_trains_the_convolutions() {
    let sets = ["agent.encoder.critic_gradient=detached", "agent.contrast.objective=off"];
    assert!(conflicts(&sets).contains("leaves nothing that trains the convolutions"));
    config_with(&sets[..1]).unwrap();
    config_with(&sets[1..]).unwrap();
}

#[test]
fn negatives_of_a_sequence_need_another_time() {
    let sets = ["agent.contrast.objective=cpc", "agent.contrast.temporal.negatives=sequence"];
    let with_steps = |steps: &'static str| [sets[0], sets[1], steps];
    let text = conflicts(&with_steps("agent.contrast.temporal.steps=7"));
    assert!(text.contains("has none 7 steps ahead") && text.contains("at least 9"), "{text}");
    config_with(&with_steps("agent.contrast.temporal.steps=6")).unwrap();
}

#[test]
fn grey_frames_are_not_changed_by_making_them_grey() {
    let sets = ["agent.augmentations=[\"greyscale\"]", "env.render_size=84", "env.colour=grey"];
    assert!(conflicts(&sets).contains("nothing to chance"));
    config_with(&sets[..2]).unwrap();
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
