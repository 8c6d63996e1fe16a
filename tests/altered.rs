//! The counting environment with something about it changed.

use curl_envs::{Action, Counter, Ended, Env, EnvError, EnvState, Frame, Spec, Step};
use rand::Rng;

/// A counter whose episodes last seven env steps.
#[derive(Debug)]
pub struct Altered {
    counter: Counter,
    reward: fn(u64) -> f64,
    tells_its_state: bool,
    env_steps: u64,
}

impl Altered {
    /// With another reward for each env step since the beginning.
    pub fn with_rewards(reward: fn(u64) -> f64) -> Self {
        let counter = Counter::new(1, &[7], Ended::TimeLimit);
        Self { counter, reward, tells_its_state: true, env_steps: 0 }
    }

    /// That cannot tell its state.
    pub fn silent() -> Self {
        Self { tells_its_state: false, ..Self::with_rewards(|_| 1.0) }
    }
}

impl Env for Altered {
    fn spec(&self) -> &Spec {
        self.counter.spec()
    }

    fn reset(&mut self, rng: &mut dyn Rng) -> Result<(), EnvError> {
        self.counter.reset(rng)
    }

    fn step(&mut self, action: Action<'_>) -> Result<Step, EnvError> {
        self.env_steps += 1;
        let reward = (self.reward)(self.env_steps);
        Ok(Step { reward, ..self.counter.step(action)? })
    }

    fn observe(&self, observation: &mut [f64]) {
        self.counter.observe(observation);
    }

    fn render(&mut self, frame: Frame<'_>) -> Result<(), EnvError> {
        self.counter.render(frame)
    }

    fn state(&self) -> Option<EnvState> {
        self.counter.state().filter(|_| self.tells_its_state)
    }

    fn set_state(&mut self, state: &EnvState) -> Result<(), EnvError> {
        self.counter.set_state(state)
    }
}
