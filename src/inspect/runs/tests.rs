use std::fs;

use super::*;
use crate::metrics::Metrics;
use crate::steps::Steps;

fn write_run(folder: &Path, values: &[f64]) {
    fs::create_dir_all(folder).unwrap();
    let mut metrics = Metrics::create(folder, 100).unwrap();
    for (step, value) in values.iter().enumerate() {
        let steps = Steps { env_step: step as u64, ..Steps::default() };
        metrics.losses(&steps, &[("critic", *value), ("actor", -value)]).unwrap();
    }
}

fn event_file(folder: &Path) -> PathBuf {
    event_files(folder).unwrap().remove(0)
}

fn values(run: &Run, tag: &str) -> Vec<f64> {
    run.curve(tag).iter().map(|point| point.value).collect()
}

fn looked(roots: &[PathBuf]) -> (Inspection, Change) {
    let mut inspection = Inspection::new(roots).unwrap();
    let change = inspection.look().unwrap();
    (inspection, change)
}

#[test]
fn a_folder_below_is_a_run_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write_run(&root.join("b"), &[3.0]);
    write_run(&root.join("a/deep"), &[2.0]);
    write_run(root, &[1.0]);
    let (inspection, change) = looked(&[root.to_owned()]);
    assert!(change.grown && change.damage.is_empty());
    let names: Vec<_> = inspection.runs().iter().map(Run::name).collect();
    let expected = [root.join("a/deep"), root.join("b"), root.to_owned()];
    assert_eq!(names, expected.each_ref().map(|path| path.to_str().unwrap()));
    let critic: Vec<_> = inspection.runs().iter().flat_map(|r| values(r, "loss/critic")).collect();
    assert_eq!(critic, [2.0, 3.0, 1.0]);
    assert_eq!(inspection.tags(&TagPattern::any()), ["loss/actor", "loss/critic"]);
    assert_eq!(inspection.tags(&TagPattern::new("*critic").unwrap()), ["loss/critic"]);
}

#[test]
fn the_files_of_a_folder_are_one_run_in_the_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let (early, late) = (folder.path().join("early"), folder.path().join("late"));
    write_run(&early, &[1.0, 2.0]);
    write_run(&late, &[3.0]);
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    fs::rename(event_file(&early), run.join("events.out.tfevents.9")).unwrap();
    fs::rename(event_file(&late), run.join("events.out.tfevents.1")).unwrap();
    let (inspection, _) = looked(&[run]);
    assert_eq!(inspection.runs().len(), 1);
    assert_eq!(values(&inspection.runs()[0], "loss/critic"), [1.0, 2.0, 3.0]);
}

#[test]
fn files_that_appear_and_grow_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    let (mut inspection, change) = looked(std::slice::from_ref(&root));
    assert!(!change.grown && inspection.runs().is_empty());

    write_run(&root.join("run"), &[1.0, 2.0]);
    let path = event_file(&root);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let change = inspection.look().unwrap();
    assert_eq!((change.grown, change.damage.len()), (true, 1));
    assert_eq!(values(&inspection.runs()[0], "loss/critic"), [1.0]);

    fs::write(&path, &whole).unwrap();
    assert!(inspection.look().unwrap().grown);
    assert_eq!(values(&inspection.runs()[0], "loss/critic"), [1.0, 2.0]);
    assert!(inspection.runs()[0].files()[0].damage().is_empty());
    assert!(!inspection.look().unwrap().grown);
}

#[test]
fn nothing_to_show_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    let any = TagPattern::any();
    let check = |roots: &[PathBuf], pattern: &TagPattern| {
        looked(roots).0.expect_something(pattern).unwrap_err().to_string()
    };
    let missing = Inspection::new(&[root.join("none")]).unwrap_err();
    assert!(missing.to_string().contains("name a run folder"));

    write_run(&root.join("run"), &[1.0]);
    fs::create_dir(root.join("empty")).unwrap();
    let none = check(&[root.join("run"), root.join("empty")], &any);
    assert!(none.contains("empty or below it") && none.contains("--follow"), "{none}");

    let tag = check(&[root.join("run")], &TagPattern::new("lost*").unwrap());
    assert_eq!(tag, "no tag matches \"lost*\"; there are: loss/actor, loss/critic");

    let text = root.join("notes.txt");
    for content in ["", "some text that is no row of records"] {
        fs::write(&text, content).unwrap();
        let error = check(std::slice::from_ref(&text), &any);
        assert!(error.contains("notes.txt holds no whole event"), "{error}");
    }
    looked(&[root.join("run")]).0.expect_something(&any).unwrap();
}

#[test]
fn links_are_followed_but_not_in_circles() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    write_run(&folder.path().join("elsewhere"), &[1.0]);
    fs::create_dir(&root).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), root.join("linked")).unwrap();
    std::os::unix::fs::symlink(&root, root.join("circle")).unwrap();
    let (inspection, _) = looked(&[root]);
    assert_eq!(inspection.runs().len(), 1);
    assert_eq!(values(&inspection.runs()[0], "loss/actor"), [-1.0]);
}
