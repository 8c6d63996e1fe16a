//! What an encoder has learned: how much of the simulator's state its latent vectors tell (CURL paper, appendix
//! E.5), and how they are spread. The same is measured of an encoder as it was made, and of pixels, on
//! the same fresh frames.
//!
//! - Readouts: R^2 of each coordinate of the flat observation, by ridge regression and by a small
//!   perceptron, on episodes that neither was fitted on.
//! - Effective rank (Roy & Vetterli 2007) of all vectors less their mean.
//! - Alignment and uniformity (Wang & Isola 2020) of unit vectors, over two random crops of every
//!   observation.
//! - Retrieval: the share of crops whose own other crop is the most similar of [`KEYS`] of different
//!   observations, by cosine and by the contrast's own similarity.

pub mod alignment;
mod coordinates;
pub mod export;
mod observations;
mod pictures;
mod projector;
pub mod readout;
pub mod representation;
pub mod retrieval;
pub mod spectrum;
mod split;

use rand::seq::SliceRandom;
use serde::Serialize;
use tch::Tensor;

use crate::agent::Agent;
use crate::config::Objective;
use crate::objective::info_nce;
use crate::random::{Purpose, Streams};

use coordinates::Coordinates;
pub use observations::{
    Actions, Observation, Plan, Sight, TooFewFrames, View, collect, state_names,
};
use readout::Sets;
use representation::{NotFinite, Representation, representations};
use retrieval::KEYS;
pub use split::{Part, split};

/// What is probed: an agent, and one of the same configuration that has learned nothing.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub trained: &'a Agent,
    pub random: &'a Agent,
    pub sight: Sight<'a>,
    /// Names of the numbers of the flat observation; none where the environment does not tell it.
    pub state_names: &'a [String],
    /// What the contrast was trained with.
    pub objective: Objective,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    pub frames: usize,
    pub episodes: usize,
    pub test_frames: usize,
    pub test_episodes: usize,
    /// Keys that a query is compared with.
    pub keys: usize,
    /// Share of queries whose own key is the most similar one to the contrast; none where that compares
    /// no views, or they are always the same.
    pub contrast_retrieval: Option<f64>,
    /// The coordinates that the readouts predict, in the order of their R^2.
    pub coordinates: Vec<String>,
    /// Coordinates that do not vary.
    pub left_out: Vec<String>,
    pub representations: Vec<Scores>,
}

/// Of one representation.
#[derive(Debug, Serialize)]
pub struct Scores {
    pub name: &'static str,
    /// Length of a vector.
    pub numbers: i64,
    pub effective_rank: f64,
    /// None where two views are always the same, here and below.
    pub alignment: Option<f64>,
    pub uniformity: f64,
    /// Share of queries whose own key is the most similar one by cosine.
    pub retrieval: Option<f64>,
    /// None where the environment does not tell its state, or none of it varies.
    pub readouts: Option<Readouts>,
}

#[derive(Debug, Serialize)]
pub struct Readouts {
    pub linear: Readout,
    pub mlp: Readout,
}

#[derive(Debug, Serialize)]
pub struct Readout {
    /// By coordinate, on the test episodes.
    pub r2: Vec<f64>,
    pub mean_r2: f64,
}

/// Measures on observations what they tell.
///
/// # Errors
/// If a representation is not finite.
pub fn probe(
    subject: &Subject<'_>,
    observations: &[Observation],
    seed: u64,
) -> Result<Report, NotFinite> {
    let streams = Streams::new(seed);
    let Subject { trained, random, sight, state_names, objective } = *subject;
    let episodes = observations.last().map_or(0, |last| last.episode + 1);
    let kinds: Vec<Actions> = (0..episodes).map(Actions::of).collect();
    let of_episodes = split(&kinds, &mut streams.stream(Purpose::ProbeSplit, 0));
    let parts: Vec<Part> = observations.iter().map(|one| of_episodes[one.episode]).collect();
    let is_test = |part: &&Part| **part == Part::Test;
    let coordinates = Coordinates::new(state_names, observations, &parts);
    let views = Views::new(sight, observations, &streams);
    let representations = representations(trained, random, sight, &streams);
    let scores = representations.iter().zip(0..).map(|(representation, index)| {
        let vectors = representation.of(sight, observations, &views.centres)?;
        let readouts = (!coordinates.names.is_empty()).then(|| {
            let sets = Sets::new(&vectors, &coordinates.values, &parts);
            Readouts {
                linear: Readout::of(&readout::linear(&sets), &sets),
                mlp: Readout::of(&readout::mlp(&sets, &streams, index), &sets),
            }
        });
        views.scores(representation, &vectors, readouts)
    });
    let contrast_retrieval = if objective.compares_views() && sight.pipeline.is_random() {
        Some(views.contrast_retrieval(&representations[0], trained)?)
    } else {
        None
    };
    Ok(Report {
        frames: observations.len(),
        episodes,
        test_frames: parts.iter().filter(is_test).count(),
        test_episodes: of_episodes.iter().filter(is_test).count(),
        keys: KEYS.min(observations.len()),
        representations: scores.collect::<Result<_, _>>()?,
        contrast_retrieval,
        coordinates: coordinates.names,
        left_out: coordinates.left_out,
    })
}

impl Readout {
    fn of(predicted: &Tensor, sets: &Sets) -> Self {
        let r2 = readout::r_squared(predicted, &sets.test.targets);
        Self { mean_r2: r2.iter().sum::<f64>() / r2.len() as f64, r2 }
    }
}

/// What an agent sees of each observation: its centre, and two augmented views.
struct Views<'a> {
    sight: Sight<'a>,
    observations: &'a [Observation],
    centres: Vec<View>,
    queries: Vec<View>,
    keys: Vec<View>,
    /// The order in which observations are put into groups for retrieval: neighbours would be near in time.
    order: Tensor,
}

impl<'a> Views<'a> {
    fn new(sight: Sight<'a>, observations: &'a [Observation], streams: &Streams) -> Self {
        let drawn = |view| {
            let mut stream = streams.stream(Purpose::ProbeCrop, view);
            observations.iter().map(|_| View::Augmented(sight.pipeline.draw(&mut stream))).collect()
        };
        let mut order: Vec<i64> = (0..observations.len() as i64).collect();
        order.shuffle(&mut streams.stream(Purpose::ProbeOrder, 0));
        Self {
            sight,
            observations,
            centres: vec![View::Centre; observations.len()],
            queries: drawn(0),
            keys: drawn(1),
            order: Tensor::from_slice(&order),
        }
    }

    fn scores(
        &self,
        representation: &Representation<'_>,
        vectors: &Tensor,
        readouts: Option<Readouts>,
    ) -> Result<Scores, NotFinite> {
        let of = |views| representation.of(self.sight, self.observations, views);
        let (one, other) = (of(&self.queries)?, of(&self.keys)?);
        let keys = representation.keys_of(self.sight, self.observations, &self.keys)?;
        let cosine = |queries: &Tensor, keys: &Tensor| info_nce::cosine_logits(queries, keys, 1.0);
        let views_differ = self.sight.pipeline.is_random();
        let unit = alignment::unit(&one);
        Ok(Scores {
            name: representation.name,
            numbers: vectors.size()[1],
            effective_rank: spectrum::effective_rank(&spectrum::centred(vectors)),
            alignment: views_differ.then(|| alignment::alignment(&unit, &alignment::unit(&other))),
            uniformity: alignment::uniformity(&unit),
            retrieval: views_differ.then(|| self.retrieval(&one, &keys, cosine)),
            readouts,
        })
    }

    fn contrast_retrieval(
        &self,
        latent: &Representation<'_>,
        agent: &Agent,
    ) -> Result<f64, NotFinite> {
        let queries = latent.of(self.sight, self.observations, &self.queries)?;
        let keys = latent.keys_of(self.sight, self.observations, &self.keys)?;
        Ok(self.retrieval(&queries, &keys, |queries, keys| agent.similarities(queries, keys)))
    }

    fn retrieval(
        &self,
        queries: &Tensor,
        keys: &Tensor,
        similarities: impl Fn(&Tensor, &Tensor) -> Tensor,
    ) -> f64 {
        let [queries, keys] = [queries, keys].map(|all| all.index_select(0, &self.order));
        retrieval::accuracy(&queries, &keys, KEYS, similarities)
    }
}
