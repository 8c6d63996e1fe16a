//! Environments by name.
//!
//! The canonical id is `suite:name`: `dmc:ball_in_cup-catch`, domain and task of the control suite,
//! or `gym:CartPole-v1`. The suite may be left out, small and capital letters are the same, and so
//! are `:`, `-`, `_` and spaces, so that ids of other projects work as they are:
//! `dmc_cartpole_swingup`, `cartpole_swingup`, `ball-in-cup-catch`, `CartPole-v1`. Behind
//! `gymnasium:` stands what Python calls an environment, letter by letter.
//!
//! Of the swimmer [`ids`] lists the lengths that dm_control lists, 6 and 15 links, but all from 3 to
//! 100 can be made, such as `dmc:swimmer-swimmer3`.
//!
//! Tasks of the control suite take distractions at the end of an id, with a strength in [0, 1]:
//! `dmc:cartpole-swingup?color=0.2&camera=0.1` has other colours in every episode, and a camera that
//! moves.

use crate::dmc::{self, Distractions, Dmc};
use crate::env::Env;
use crate::error::EnvError;
use crate::gym;
use crate::gymnasium::{self, Gymnasium, Settings};

/// The canonical form of an id.
///
/// # Errors
/// [`EnvError::UnknownId`] with the nearest ids, [`EnvError::GymnasiumId`], or
/// [`EnvError::Options`].
pub fn canonical(id: &str) -> Result<String, EnvError> {
    if let Some(canonical) = gymnasium::canonical(id) {
        return canonical;
    }
    let (task, distractions) = Distractions::split(id)?;
    let wanted = plain(task);
    let matches = |known: &String| {
        let known = plain(known);
        let without_suite = known.split_once('_').map(|(_, task)| task);
        wanted == known || Some(wanted.as_str()) == without_suite
    };
    let known = ids().chain(dmc::unlisted_ids()).find(matches);
    let known = known.ok_or_else(|| unknown(task))?;
    if distractions.are_none() || !gym::ids().any(|id| id == known) {
        return Ok(known + &distractions.to_string());
    }
    Err(EnvError::Options { id: id.to_owned(), problem: format!("{known} takes no options") })
}

/// The task of a canonical id, without its distractions: `dmc:cartpole-swingup` of
/// `dmc:cartpole-swingup?color=0.2`.
pub fn task(id: &str) -> &str {
    id.split_once('?').map_or(id, |(task, _)| task)
}

/// Makes the environment of an id, in any of its forms.
///
/// # Errors
/// [`EnvError::UnknownId`], or if what the environment needs is missing.
pub fn make(id: &str) -> Result<Box<dyn Env>, EnvError> {
    make_with(id, &Settings::default())
}

/// As [`make`], with other settings for environments in Python.
///
/// # Errors
/// As [`make`].
pub fn make_with(id: &str, settings: &Settings) -> Result<Box<dyn Env>, EnvError> {
    let id = canonical(id)?;
    if gymnasium::canonical(&id).is_some() {
        return Ok(Box::new(Gymnasium::make(&id, settings)?));
    }
    if gym::ids().any(|known| known == id) {
        return gym::make(&id);
    }
    Ok(Box::new(Dmc::make(&id)?.with_step_limit()))
}

/// Env steps per agent step where nobody says otherwise. No Python is run for it.
///
/// # Errors
/// As [`make`].
pub fn default_action_repeat(id: &str) -> Result<u64, EnvError> {
    let id = canonical(id)?;
    match gymnasium::canonical(&id) {
        Some(_) => Ok(gymnasium::ACTION_REPEAT),
        None => Ok(make(&id)?.spec().default_action_repeat),
    }
}

/// The canonical ids of all environments, but for those in Python.
pub fn ids() -> impl Iterator<Item = String> {
    dmc::ids().chain(gym::ids())
}

/// The error for an id that no environment has.
pub(crate) fn unknown(id: &str) -> EnvError {
    const NEAREST: usize = 3;
    let wanted = plain(id);
    let likeness = |known: &str| {
        let known = plain(known);
        let task = known.split_once('_').map_or(known.as_str(), |(_, task)| task);
        strsim::jaro_winkler(&wanted, &known).max(strsim::jaro_winkler(&wanted, task))
    };
    let mut known: Vec<String> = ids().collect();
    known.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    known.truncate(NEAREST);
    EnvError::UnknownId { id: id.to_owned(), nearest: known }
}

/// Lower case with one kind of separator.
pub(crate) fn plain(id: &str) -> String {
    id.trim().to_lowercase().replace([':', '-', ' '], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_an_id_mean_the_same() {
        for (canonical_id, forms) in [
            (
                "dmc:cartpole-swingup",
                [
                    "dmc:cartpole-swingup",
                    "dmc_cartpole_swingup",
                    "cartpole_swingup",
                    "Cartpole-Swingup",
                ],
            ),
            (
                "dmc:ball_in_cup-catch",
                [
                    "dmc:ball_in_cup-catch",
                    "ball-in-cup-catch",
                    "ball_in_cup_catch",
                    "dmc-ball in cup-catch",
                ],
            ),
            (
                "gym:CartPole-v1",
                ["gym:CartPole-v1", "CartPole-v1", "gym_cartpole_v1", "cartpole v1"],
            ),
            (
                "gym:MountainCar-v0",
                ["MountainCar-v0", "gym-mountaincar-v0", "mountaincar_v0", "GYM:MountainCar-v0"],
            ),
        ] {
            for form in forms {
                assert_eq!(canonical(form).as_deref(), Ok(canonical_id), "{form}");
            }
        }
    }

    #[test]
    fn every_canonical_id_is_its_own() {
        let ids: Vec<_> = ids().collect();
        assert!(!ids.is_empty());
        for id in &ids {
            assert_eq!(canonical(id).as_ref(), Ok(id));
        }
    }

    #[test]
    fn swimmers_have_all_lengths_but_two_are_listed() {
        let listed: Vec<_> = ids().filter(|id| id.contains("swimmer")).collect();
        assert_eq!(listed, ["dmc:swimmer-swimmer6", "dmc:swimmer-swimmer15"]);
        assert_eq!(canonical("swimmer_swimmer3").as_deref(), Ok("dmc:swimmer-swimmer3"));
        assert_eq!(canonical("dmc:swimmer-swimmer100").as_deref(), Ok("dmc:swimmer-swimmer100"));
        for id in ["swimmer-swimmer", "swimmer-swimmer2", "swimmer-swimmer06", "swimmer-swimmer101"]
        {
            let error = canonical(id).expect_err("there is no such length").to_string();
            assert!(error.contains("dmc:swimmer-swimmer6"), "{error}");
        }
    }

    #[test]
    fn an_unknown_id_lists_the_nearest() {
        for (wrong, nearest) in [
            ("cartpole-swngup", "dmc:cartpole-swingup"),
            ("dmc:walker-wlak", "dmc:walker-walk"),
            ("ball_in_the_cup-catch", "dmc:ball_in_cup-catch"),
            ("CartPole-v0", "gym:CartPole-v1"),
            ("MountainCarContinuous-v0", "gym:MountainCar-v0"),
        ] {
            let error = canonical(wrong).expect_err("there is no such environment");
            let EnvError::UnknownId { id, nearest: listed } = &error else {
                panic!("{error}");
            };
            assert_eq!((id.as_str(), listed[0].as_str()), (wrong, nearest));
            assert!(error.to_string().contains(nearest), "{error}");
        }
    }
}
