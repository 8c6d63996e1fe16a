//! The text of the page, which depends on nothing but the tables of environments.

use curl_envs::{Actions, Domain, Listed, SUITES, Suite};

/// What writes the page.
const COMMAND: &str = "cargo run --release -p curl-envs --example environments";
/// Folder of the pictures, as seen from the page.
pub(crate) const PICTURES: &str = "images/environments";
/// Pixels of a picture's side: what an agent of the paper sees.
pub(crate) const SIDE: usize = 100;
/// Agent steps with random actions before the picture is taken.
pub(crate) const STEPS: usize = 4;

/// The tasks of the paper's tables, which have the action repeat of its Table 3.
const PAPER: [&str; 6] = [
    "dmc:ball_in_cup-catch",
    "dmc:cartpole-swingup",
    "dmc:cheetah-run",
    "dmc:finger-spin",
    "dmc:reacher-easy",
    "dmc:walker-walk",
];

/// Two of the environments in Python, which are as many as somebody installs.
pub(crate) const GYMNASIUM: [Listed; 2] = [
    Listed {
        id: "gymnasium:Pendulum-v1",
        actions: Actions::Continuous(1),
        control_timestep: 1.0 / 30.0,
        time_limit: Some(200),
        default_action_repeat: 1,
        task: "swing a pole up and hold it there, with little force",
    },
    Listed {
        id: "gymnasium:Hopper-v5?width=100&height=100",
        actions: Actions::Continuous(3),
        control_timestep: 1.0 / 125.0,
        time_limit: Some(1000),
        default_action_repeat: 1,
        task: "hop forwards on one leg with little force; the episode ends with a fall",
    },
];

/// Everything that the page shows, in its order.
pub(crate) fn shown() -> impl Iterator<Item = Listed> {
    SUITES.iter().flat_map(Suite::environments).copied().chain(GYMNASIUM)
}

/// The name of an environment's picture within its folder.
pub(crate) fn picture_name(id: &str) -> String {
    let in_names = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    curl_envs::task(id).replace(|letter| !in_names(letter), "-") + ".png"
}

/// The whole page.
pub(crate) fn page() -> String {
    let mut page = introduction();
    for suite in &SUITES {
        let (title, text) = about(suite);
        page += &format!("\n## {title}\n\n{text}\n");
        for domain in suite.domains {
            page += &section(domain);
        }
    }
    page + &gymnasium()
}

fn introduction() -> String {
    format!(
        "\
# Environments

What `curl train --env ID` can be trained on, each as an agent sees it: {SIDE} pixels a side, after {STEPS} steps of random actions. The prefixes `dmc:` and `gym:` may be left out. This page and its pictures
are written by

```sh
{COMMAND}
```

from the tables in [envs/src/listing](../envs/src/listing). `curl envs show ID` draws more of an episode.

- **Actions** are so many numbers in [-1, 1], or one of so many choices.
- **Episode** is its longest length: env steps, and the simulated seconds of each.
- **Repeat** is how many env steps an action lasts where `env.action_repeat` says nothing else: that of the CURL paper's Table 3, **bold** for the six tasks of its results.
"
    )
}

/// Heading and text of a suite.
fn about(suite: &Suite) -> (&'static str, &'static str) {
    match suite.prefix {
        "dmc" => (
            "dmc: the DeepMind Control Suite",
            "Over MuJoCo, with dm_control's rewards, in [0, 1] an env step but for `lqr`. Each takes \
             [distractions](../envs/src/dmc/distraction.rs): \
             `dmc:cartpole-swingup?color=0.2&camera=0.1`.",
        ),
        "gym" => (
            "gym: classic control of gym-rs",
            "Built in, with discrete actions, and drawn off screen.",
        ),
        prefix => (prefix, ""),
    }
}

/// A domain's heading and table.
fn section(domain: &Domain) -> String {
    let Domain { name, about, departure, environments } = domain;
    let rows: Vec<String> = environments.iter().map(row).collect();
    let departure = departure.map(|text| format!(" Other than in the original: {text}."));
    let departure = departure.unwrap_or_default();
    format!("\n### {name}\n\n{}.{departure}\n\n{}", capitalised(about), table(&rows))
}

fn gymnasium() -> String {
    let rows: Vec<String> = GYMNASIUM.iter().map(row).collect();
    format!(
        "\n## gymnasium: environments in Python\n\nAny of Gymnasium, such as these two, Atari games, \
         or your own: [gymnasium.md](gymnasium.md) says how.\n\n{}",
        table(&rows)
    )
}

fn table(rows: &[String]) -> String {
    format!(
        "| | id | what is rewarded | actions | episode | repeat |\n|---|---|---|---|---|---|\n{}",
        rows.concat()
    )
}

fn row(listed: &Listed) -> String {
    let Listed { id, actions, control_timestep, time_limit, default_action_repeat, task } = listed;
    let picture = format!("![{}]({PICTURES}/{})", curl_envs::task(id), picture_name(id));
    let seconds = format!("{control_timestep:.3}");
    let seconds = seconds.trim_end_matches('0');
    let episode = match time_limit {
        Some(steps) => format!("{steps} x {seconds} s"),
        None => format!("no limit, {seconds} s"),
    };
    let repeat = match PAPER.contains(id) {
        true => format!("**{default_action_repeat}**"),
        false => default_action_repeat.to_string(),
    };
    format!("| {picture} | `{id}` | {task} | {actions} | {episode} | {repeat} |\n")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Bytes of all pictures: a checkout brings them all.
    const ROOM: u64 = 1_000_000;

    fn docs() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
    }

    #[test]
    fn the_page_is_what_the_tables_say() {
        let committed = fs::read_to_string(docs().join("environments.md")).expect("it is there");
        let page = page();
        let line = page.lines().zip(committed.lines()).find(|(now, then)| now != then);
        assert!(page == committed, "it is out of date, write it with `{COMMAND}`: {line:?}");
    }

    #[test]
    fn every_environment_has_a_picture_and_a_row() {
        let page = page();
        for id in curl_envs::ids() {
            assert!(page.contains(&format!("`{id}`")), "{id}");
        }
        let expected: BTreeSet<String> = shown().map(|listed| picture_name(listed.id)).collect();
        assert_eq!(expected.len(), shown().count(), "each has a picture of its own");
        let folder = fs::read_dir(docs().join(PICTURES)).expect("it is there");
        let files: Vec<_> = folder.map(|file| file.expect("it can be listed")).collect();
        let name = |file: &fs::DirEntry| file.file_name().to_string_lossy().into_owned();
        let found: BTreeSet<String> = files.iter().map(name).collect();
        assert_eq!(found, expected, "write them with `{COMMAND}`");
        let bytes: u64 = files.iter().map(|file| file.metadata().expect("it is there").len()).sum();
        assert!(bytes < ROOM, "{bytes} bytes");
    }

    #[test]
    fn the_papers_tasks_are_marked() {
        let marked = page().lines().filter(|line| line.ends_with("** |")).count();
        assert_eq!(marked, PAPER.len());
    }
}
