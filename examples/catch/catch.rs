//! Somebody's own environment, written for gym-rs: a ball falls, and a bat is to be under it.

use curl_envs::gym::gym_rs::core::{ActionReward, Env, EnvProperties};
use curl_envs::gym::gym_rs::spaces::{BoxR, Discrete};
use curl_envs::gym::gym_rs::utils::custom::structs::Metadata;
use curl_envs::gym::gym_rs::utils::custom::traits::Sample;
use curl_envs::gym::gym_rs::utils::renderer::{RenderMode, Renders};
use curl_envs::gym::gym_rs::utils::seeding::rand_random;
use curl_envs::gym::{Canvas, Playable};
use curl_envs::{Action, ActionSpec, EnvError, Spec};
use gym_rand::Rng;
use gym_rand::distributions::uniform::{SampleBorrow, SampleUniform, UniformSampler};
use rand_pcg::Pcg64;
use serde::Serialize;

/// Env steps from the top to the bottom.
const STEPS: u64 = 10;
/// How far the bat moves in a step, and half of its width.
const STRIDE: f64 = 0.1;
const REACH: f64 = 0.12;

/// Where the ball is, across and up, and where the bat is, across; each in [0, 1].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Positions([f64; 3]);

/// A ball falls, and a bat is to be under it when it lands. The actions are left, stay and right.
#[derive(Clone, Debug, Serialize)]
pub struct Catch {
    now: Positions,
    actions: Discrete,
    positions: BoxR<Positions>,
    metadata: Metadata<Self>,
    #[serde(skip)]
    random: Pcg64,
}

impl Catch {
    pub fn new() -> Self {
        Self {
            now: Positions([0.5, 1.0, 0.5]),
            actions: Discrete(3),
            positions: BoxR::new(Positions([0.0; 3]), Positions([1.0; 3])),
            metadata: Metadata::new(&[RenderMode::None], 10),
            random: rand_random(Some(0)).0,
        }
    }
}

impl Env for Catch {
    type Action = usize;
    type Observation = Positions;
    type Info = ();
    type ResetInfo = ();

    fn step(&mut self, action: usize) -> ActionReward<Positions, ()> {
        let Positions([ball, height, bat]) = self.now;
        let bat = (bat + (action as f64 - 1.0) * STRIDE).clamp(0.0, 1.0);
        let height = height - 1.0 / STEPS as f64;
        self.now = Positions([ball, height, bat]);
        // Sums of tenths are not exact.
        let done = height < 0.5 / STEPS as f64;
        let caught = done && (ball - bat).abs() < REACH;
        let reward = f64::from(u8::from(caught)).into();
        ActionReward { observation: self.now, reward, done, truncated: false, info: None }
    }

    fn reset(
        &mut self,
        seed: Option<u64>,
        _return_info: bool,
        options: Option<BoxR<Positions>>,
    ) -> (Positions, Option<()>) {
        self.random = rand_random(seed).0;
        self.now = Positions::sample_between(&mut self.random, options);
        (self.now, None)
    }

    fn render(&mut self, _mode: RenderMode) -> Renders {
        Renders::None
    }

    fn close(&mut self) {}
}

/// What the library needs beyond gym-rs's trait.
impl Playable for Catch {
    fn spec(&self) -> Spec {
        Spec {
            id: "mine:catch".to_owned(),
            action: ActionSpec::Discrete { n: self.actions.0 },
            observation: vec![("ball".to_owned(), 2), ("bat".to_owned(), 1)],
            control_timestep: 0.1,
            time_limit: Some(STEPS),
            default_action_repeat: 1,
        }
    }

    fn action(spec: &Spec, action: Action<'_>) -> Result<usize, EnvError> {
        spec.discrete(action)
    }

    fn draw(&self, canvas: &mut Canvas) {
        let Positions([ball, height, bat]) = self.now;
        let across = |position: f64| 50.0 + position * (Canvas::WIDTH - 100.0);
        canvas.circle([across(ball), 50.0 + height * 320.0], 30.0, [200, 40, 40]);
        let (left, right) = (across(bat - REACH), across(bat + REACH));
        canvas.polygon(&[[left, 0.0], [left, 20.0], [right, 20.0], [right, 0.0]], [0; 3]);
    }
}

impl EnvProperties for Catch {
    type ActionSpace = Discrete;
    type ObservationSpace = BoxR<Positions>;

    fn metadata(&self) -> &Metadata<Self> {
        &self.metadata
    }

    fn rand_random(&self) -> &Pcg64 {
        &self.random
    }

    fn action_space(&self) -> &Discrete {
        &self.actions
    }

    fn observation_space(&self) -> &BoxR<Positions> {
        &self.positions
    }
}

impl From<Positions> for Vec<f64> {
    fn from(Positions(numbers): Positions) -> Self {
        numbers.to_vec()
    }
}

/// gym-rs draws starts between bounds.
impl Sample for Positions {
    fn sample_between<R: Rng>(random: &mut R, bounds: Option<BoxR<Self>>) -> Self {
        let start = BoxR::new(Positions([0.0, 1.0, 0.5]), Positions([1.0, 1.0, 0.5]));
        let BoxR { low, high } = bounds.unwrap_or(start);
        Between { low, high }.sample(random)
    }
}

impl SampleUniform for Positions {
    type Sampler = Between;
}

pub struct Between {
    low: Positions,
    high: Positions,
}

impl UniformSampler for Between {
    type X = Positions;

    fn new<L: SampleBorrow<Positions>, H: SampleBorrow<Positions>>(low: L, high: H) -> Self {
        Self { low: *low.borrow(), high: *high.borrow() }
    }

    fn new_inclusive<L, H>(low: L, high: H) -> Self
    where
        L: SampleBorrow<Positions>,
        H: SampleBorrow<Positions>,
    {
        Self::new(low, high)
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Positions {
        let Self { low: Positions(low), high: Positions(high) } = self;
        Positions(std::array::from_fn(|part| random.gen_range(low[part]..=high[part])))
    }
}
