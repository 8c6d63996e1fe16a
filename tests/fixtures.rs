//! Settings that several subjects share.

use curl_rl::config::AgentConfig;

/// A tiny agent: 21-pixel images, two convolutions of four filters.
pub fn small_agent_config() -> AgentConfig {
    toml::from_str(
        r#"
        discount = 0.99
        image_size = 21
        augmentation = "crop"
        hidden_dim = 16
        precision = "float32"
        encoder = { layers = 2, filters = 4, feature_dim = 8, learning_rate = 1e-3, tau = 0.05, critic_gradient = "on" }
        critic = { learning_rate = 1e-3, beta1 = 0.9, tau = 0.01, target_update_every = 2 }
        actor = { learning_rate = 1e-3, beta1 = 0.9, log_std_min = -10.0, log_std_max = 2.0, update_every = 2 }
        temperature = { initial = 0.1, learning_rate = 1e-4, beta1 = 0.5 }
        contrast = { objective = "info-nce", positive = "crop", sigma = 0.1, similarity = "bilinear", cosine_temperature = 0.1, key_encoder = "ema" }
        "#,
    )
    .expect("the settings are complete")
}
