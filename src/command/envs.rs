//! `curl envs`.

use std::path::Path;

use anyhow::{Context, Result};
use curl_envs::{ActionSpec, Pixels, Spec};

use crate::cli::{EnvsArgs, EnvsCommand};
use crate::durable;
use crate::picture::write_png;
use crate::random::{Purpose, Streams};

/// Lists the environments, or saves a picture of one.
///
/// # Errors
/// If the models or a renderer are missing, or the picture cannot be written.
pub fn envs(args: &EnvsArgs) -> Result<()> {
    match &args.command {
        None => super::print(&table(&curl_envs::all()?)),
        Some(EnvsCommand::Show { id, out, size, seed }) => show(id, out, *size as usize, *seed),
    }
}

/// Saves the picture that an agent's first episode with this seed would start with.
fn show(id: &str, out: &Path, size: usize, seed: u64) -> Result<()> {
    let env = curl_envs::make(&super::config::canonical_env("ID", id)?)?;
    let repeat = env.spec().default_action_repeat;
    let mut pixels = Pixels::new(env, repeat, size)?;
    pixels.reset(&mut Streams::new(seed).stream(Purpose::TrainEpisode, 0))?;
    let side = size as u32;
    durable::write_file(out, |file| write_png(file, side, side, pixels.frame()))
        .with_context(|| format!("cannot write {}", out.display()))
}

/// One environment a line, the columns aligned.
fn table(specs: &[Spec]) -> String {
    let header = ["id", "action", "observation", "action repeat", "episode"].map(String::from);
    let rows: Vec<[String; 5]> = [header].into_iter().chain(specs.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let [id, action, observation, repeat, episode] = [0, 1, 2, 3, 4].map(width);
    rows.iter()
        .map(|[a, b, c, d, e]| {
            format!("{a:id$}  {b:>action$}  {c:>observation$}  {d:>repeat$}  {e:>episode$}\n")
        })
        .collect()
}

fn row(spec: &Spec) -> [String; 5] {
    let action = match &spec.action {
        ActionSpec::Continuous { low, .. } => low.len().to_string(),
        ActionSpec::Discrete { n } => format!("one of {n}"),
    };
    let episode =
        spec.time_limit.map_or("no limit".to_string(), |steps| format!("{steps} env steps"));
    let observation = spec.observation_len().to_string();
    [spec.id.clone(), action, observation, spec.default_action_repeat.to_string(), episode]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(id: &str, action: ActionSpec, time_limit: Option<u64>) -> Spec {
        let observation = vec![("position".to_string(), 3), ("velocity".to_string(), 2)];
        Spec {
            id: id.to_string(),
            action,
            observation,
            control_timestep: 0.02,
            time_limit,
            default_action_repeat: 4,
        }
    }

    #[test]
    fn the_table_is_aligned() {
        let continuous = ActionSpec::Continuous { low: vec![-1.0; 12], high: vec![1.0; 12] };
        let specs = [
            spec("dmc:a-b", continuous, Some(1000)),
            spec("gym:long-name", ActionSpec::Discrete { n: 2 }, None),
        ];
        let expected = "\
id               action  observation  action repeat         episode
dmc:a-b              12            5              4  1000 env steps
gym:long-name  one of 2            5              4        no limit
";
        assert_eq!(table(&specs), expected);
    }
}
