//! `curl envs`: the environments of each suite, and whether what the suite needs is there.

use anyhow::Result;
use curl_envs::gymnasium::Installed;
use curl_envs::{Actions, EnvError, Listed, SUITES, Suite, dmc};
use serde::Serialize;

use crate::cli::ListArgs;

const GYMNASIUM: &str = "any environment of the Python package, as gymnasium:ID, such as \
                         gymnasium:CartPole-v1 or gymnasium:ALE/Pong-v5?frameskip=1";

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Printed {
    suites: Vec<Listing>,
}

/// A suite: what it needs, and those of its environments that are wanted.
#[derive(Debug, Serialize)]
struct Listing {
    suite: &'static str,
    about: String,
    needs: Vec<Need>,
    environments: Vec<Row>,
}

/// Something that a suite needs, and that a machine may lack.
#[derive(Debug, Serialize)]
struct Need {
    what: &'static str,
    #[serde(flatten)]
    state: State,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Found(String),
    /// What is wrong, and what to do.
    Missing(String),
}

/// An environment. What its actions are is one object: `{"numbers": 6}` or `{"choices": 2}`.
#[derive(Debug, Serialize)]
struct Row {
    id: &'static str,
    actions: ActionCount,
    /// Seconds of an env step.
    control_timestep: f64,
    /// Env steps of an episode.
    time_limit: Option<u64>,
    default_action_repeat: u64,
    task: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum ActionCount {
    Numbers(usize),
    Choices(usize),
}

/// Prints the environments whose ids hold one of the texts, or all.
///
/// # Errors
/// If there are none.
pub(super) fn list(args: &ListArgs) -> Result<()> {
    let built_in = SUITES.iter().filter_map(|suite| listing(suite, &args.filters));
    let suites: Vec<Listing> = built_in.chain(gymnasium(args)).collect();
    if suites.is_empty() {
        let wanted = args.filters.join(" or ");
        let problem = format!("no id holds {wanted}; `curl envs` lists all");
        return Err(crate::command::usage("FILTER", problem).into());
    }
    crate::command::print(&if args.json {
        serde_json::to_string(&Printed { suites })? + "\n"
    } else {
        suites.iter().map(text).collect::<Vec<_>>().join("\n")
    })
}

/// What there is of a suite, if anything is wanted of it.
fn listing(suite: &Suite, filters: &[String]) -> Option<Listing> {
    let wanted = |listed: &&Listed| {
        filters.is_empty() || filters.iter().any(|filter| listed.matches(filter))
    };
    let environments: Vec<Row> = suite.environments().filter(wanted).map(Row::from).collect();
    if environments.is_empty() {
        return None;
    }
    let (about, needs) = match suite.prefix {
        "dmc" => {
            (format!("the DeepMind Control Suite, over MuJoCo {}", dmc::version()), dmc_needs())
        }
        _ => ("classic control of gym-rs, built in".to_string(), Vec::new()),
    };
    Some(Listing { suite: suite.prefix, about, needs, environments })
}

/// What the interpreter has, if it is wanted: starting it takes time.
fn gymnasium(args: &ListArgs) -> Option<Listing> {
    let wanted = |filter: &String| {
        let filter = filter.to_lowercase();
        filter.starts_with("gymnasium:") || "gymnasium:".contains(&filter)
    };
    if !(args.filters.is_empty() || args.filters.iter().any(wanted)) {
        return None;
    }
    let python = args.python.display();
    let state = match Installed::ask(&args.python) {
        Err(error) => State::Missing(error.to_string()),
        Ok(Installed { python: version, gymnasium: Some(gymnasium) }) => {
            State::Found(format!("{gymnasium}, in {python} (Python {version})"))
        }
        Ok(Installed { python: version, gymnasium: None }) => State::Missing(format!(
            "{python} (Python {version}) does not have it; install it with `{python} -m pip install \
             'gymnasium[classic-control]'`, or name another interpreter with --python"
        )),
    };
    Some(Listing {
        suite: "gymnasium",
        about: GYMNASIUM.to_string(),
        needs: vec![Need { what: "gymnasium", state }],
        environments: Vec::new(),
    })
}

fn dmc_needs() -> Vec<Need> {
    vec![
        Need::new("models", dmc::models().map(|folder| folder.display().to_string())),
        Need::new("pictures", dmc::renderer().map(|device| format!("drawn by {device}"))),
    ]
}

impl Need {
    fn new(what: &'static str, found: Result<String, EnvError>) -> Self {
        let state = match found {
            Ok(found) => State::Found(found),
            Err(error) => State::Missing(error.to_string()),
        };
        Self { what, state }
    }
}

impl From<&Listed> for Row {
    fn from(listed: &Listed) -> Self {
        let &Listed { id, actions, control_timestep, time_limit, default_action_repeat, task } =
            listed;
        let actions = match actions {
            Actions::Continuous(numbers) => ActionCount::Numbers(numbers),
            Actions::Discrete(choices) => ActionCount::Choices(choices),
        };
        Self { id, actions, control_timestep, time_limit, default_action_repeat, task }
    }
}

fn text(listing: &Listing) -> String {
    let Listing { suite, about, needs, environments } = listing;
    let mut text = format!("{suite}: {about}\n");
    for Need { what, state } in needs {
        text += &match state {
            State::Found(found) => format!("  {what}: {found}\n"),
            State::Missing(problem) => format!("  {what}: missing: {problem}\n"),
        };
    }
    if environments.is_empty() { text } else { text + &table(environments) }
}

/// One environment a line, the columns aligned.
fn table(environments: &[Row]) -> String {
    let header = ["id", "actions", "episode", "env step", "action repeat"].map(String::from);
    let rows: Vec<[String; 5]> =
        [header].into_iter().chain(environments.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let [id, actions, episode, step, repeat] = [0, 1, 2, 3, 4].map(width);
    rows.iter()
        .map(|[a, b, c, d, e]| {
            format!("  {a:id$}  {b:>actions$}  {c:>episode$}  {d:>step$}  {e:>repeat$}\n")
        })
        .collect()
}

fn cells(row: &Row) -> [String; 5] {
    [
        row.id.to_string(),
        match row.actions {
            ActionCount::Numbers(numbers) => numbers.to_string(),
            ActionCount::Choices(choices) => format!("1 of {choices}"),
        },
        row.time_limit.map_or("no limit".to_string(), |steps| format!("{steps} env steps")),
        format!("{:.3} s", row.control_timestep),
        row.default_action_repeat.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &'static str, actions: Actions, time_limit: Option<u64>) -> Row {
        let listed = Listed {
            id,
            actions,
            control_timestep: 0.02,
            time_limit,
            default_action_repeat: 4,
            task: "stand",
        };
        Row::from(&listed)
    }

    #[test]
    fn the_table_is_aligned() {
        let listing = Listing {
            suite: "dmc",
            about: "a suite".to_string(),
            needs: vec![
                Need { what: "models", state: State::Found("here".to_string()) },
                Need { what: "pictures", state: State::Missing("make some".to_string()) },
            ],
            environments: vec![
                row("dmc:a-b", Actions::Continuous(12), Some(1000)),
                row("dmc:long-name", Actions::Discrete(2), None),
            ],
        };
        let expected = "\
dmc: a suite
  models: here
  pictures: missing: make some
  id             actions         episode  env step  action repeat
  dmc:a-b             12  1000 env steps   0.020 s              4
  dmc:long-name   1 of 2        no limit   0.020 s              4
";
        assert_eq!(text(&listing), expected);
    }
}
