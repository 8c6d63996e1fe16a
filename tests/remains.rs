//! What a finished run leaves, to be compared bit for bit.

use std::fs;
use std::path::Path;

use curl_rl::checkpoint::Checkpoint;
use curl_rl::event_log::EventLog;

/// All that a finished run left, but for times and the names of event files.
#[derive(PartialEq)]
pub struct Remains {
    agent: Vec<(String, Vec<u8>)>,
    state: String,
    replay: Vec<(String, Vec<u8>)>,
    tables: String,
    scalars: Vec<(String, i64, u64)>,
}

impl Remains {
    pub fn of(run_dir: &Path) -> Self {
        let Checkpoint { steps, agent, mut run, .. } =
            Checkpoint::load(&run_dir.join("checkpoints/last")).expect("the run has ended");
        run.metrics.total_seconds = 0.0;
        run.metrics.train_csv.bytes = 0;
        run.metrics.eval_csv_bytes = 0;
        run.metrics.event_files.clear();
        let bytes = |tensor: &tch::Tensor| {
            let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
            tensor.copy_data_u8(&mut bytes, tensor.numel());
            bytes
        };
        let tensors = agent.tensors.iter().map(|(name, tensor)| (name.clone(), bytes(tensor)));
        let folders = names(run_dir).into_iter().filter(|name| name.starts_with("replay"));
        let files = folders.flat_map(|folder| {
            let folder = run_dir.join(folder);
            names(&folder).into_iter().map(move |name| {
                let path = folder.join(name);
                let bytes = fs::read(&path).expect("it was just listed");
                (path.strip_prefix(run_dir).expect("it lies there").display().to_string(), bytes)
            })
        });
        Self {
            agent: tensors.collect(),
            state: format!("{steps:?} {:?} {run:?}", agent.optimiser_steps),
            replay: files.collect(),
            tables: without(run_dir, "train.csv", &[6, 7]) + &without(run_dir, "eval.csv", &[5]),
            scalars: scalars(run_dir),
        }
    }

    /// Checks that another run has left the same.
    pub fn check_same(&self, run_dir: &Path, case: &str) {
        let other = Self::of(run_dir);
        assert_eq!(other.state, self.state, "{case}");
        assert_eq!(other.tables, self.tables, "{case}");
        assert_eq!(other.scalars, self.scalars, "{case}");
        assert!(other == *self, "{case}: the agent or the replay differs");
    }
}

/// The names in a folder, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it can be listed").file_name().into_string().expect("ASCII"))
        .collect();
    names.sort();
    names
}

/// A table without some of its columns.
pub fn without(run_dir: &Path, name: &str, columns: &[usize]) -> String {
    let text = fs::read_to_string(run_dir.join(name)).expect("the table is there");
    let lines = text.lines().map(|line| {
        let cells = line.split(',').enumerate();
        let kept = cells.filter(|(column, _)| !columns.contains(column)).map(|(_, cell)| cell);
        kept.collect::<Vec<_>>().join(",") + "\n"
    });
    lines.collect()
}

fn scalars(run_dir: &Path) -> Vec<(String, i64, u64)> {
    let files = names(run_dir).into_iter().filter(|name| name.contains("tfevents"));
    let scalars = files.flat_map(|name| {
        let news = EventLog::new(run_dir.join(name)).read().expect("it can be read");
        assert!(news.damage.is_empty());
        news.scalars
    });
    scalars
        .filter(|scalar| !scalar.tag.starts_with("time/"))
        .map(|scalar| (scalar.tag, scalar.step, scalar.value.to_bits()))
        .collect()
}
